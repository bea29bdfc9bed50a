using System.Data.Common;
using Scim.Api.Data;
using Scim.Api.Users.Search;
using Shared.Hosting.Data;

namespace Scim.Api.Users.Walks;

/// <summary>A bookmark that was found, and its walk; null if that has expired.</summary>
internal sealed record FoundBookmark(int NextIndex, UserPosition Position, Guid WalkId, Walk? Walk);

/// <summary>The statements of <see cref="Bookmarks"/>, written by hand: each page of a walk runs some.</summary>
internal static class WalkStatements
{
    private const string Columns =
        """
        bookmark."NextIndex", bookmark."UserId", bookmark."SortValue", bookmark."WalkId",
        walk."AccountId", walk."IsShared", walk."Total", walk."EndedAt", walk."ExpiresAt"
        """;

    private const string WithWalk =
        """
        JOIN "Walks" AS walk ON walk."AccountId" = bookmark."AccountId" AND walk."Id" = bookmark."WalkId"
            AND walk."ExpiresAt" > $3
        """;

    // What is read
    extension(ScimDbContext db)
    {
        /// <summary>The bookmarks at the largest index, up to this one, that has any.</summary>
        public Task<IReadOnlyList<FoundBookmark>> FindBookmarks(
            UserQuery query, int index, DateTime now, CancellationToken cancellation) => db.Read(
            $"""
            SELECT {Columns} FROM "Bookmarks" AS bookmark {WithWalk}
            WHERE bookmark."AccountId" = $1 AND bookmark."Query" = $2 AND bookmark."NextIndex" = (
                SELECT bookmark."NextIndex" FROM "Bookmarks" AS bookmark {WithWalk}
                WHERE bookmark."AccountId" = $1 AND bookmark."Query" = $2 AND bookmark."NextIndex" <= $4
                ORDER BY bookmark."NextIndex" DESC LIMIT 1)
            """,
            [query.AccountId, query.Hash(), now, index],
            cancellation);

        /// <summary>The bookmark at an index and a user.</summary>
        public async Task<FoundBookmark?> FindBookmark(
            UserQuery query, int index, Guid user, DateTime now, CancellationToken cancellation)
        {
            var found = await db.Read(
                $"""
                SELECT {Columns} FROM "Bookmarks" AS bookmark LEFT {WithWalk}
                WHERE bookmark."AccountId" = $1 AND bookmark."Query" = $2 AND bookmark."NextIndex" = $4
                    AND bookmark."UserId" = $5
                """,
                [query.AccountId, query.Hash(), now, index, user],
                cancellation);
            return found.Count > 0 ? found[0] : null;
        }

        private Task<IReadOnlyList<FoundBookmark>> Read(
            string sql, SqlValue[] values, CancellationToken cancellation) =>
            SqlBatch.Read(db, batch => batch.Add(sql, values), results => results.All(ReadBookmark), cancellation);
    }

    // What is written
    extension(SqlBatch batch)
    {
        public void InsertWalk(Walk walk) => batch.Add(
            """
            INSERT INTO "Walks" ("AccountId", "Id", "IsShared", "Total", "EndedAt", "ExpiresAt")
            VALUES ($1, $2, $3, $4, $5, $6)
            RETURNING "Id"
            """,
            walk.AccountId, walk.Id, walk.IsShared, walk.Total, walk.EndedAt, walk.ExpiresAt);

        /// <summary>Returns a row unless the walk has been deleted.</summary>
        public void UpdateWalk(Walk walk) => batch.Add(
            """
            UPDATE "Walks" SET "Total" = $3, "EndedAt" = $4, "ExpiresAt" = $5 WHERE "AccountId" = $1 AND "Id" = $2
            RETURNING "Id"
            """,
            walk.AccountId, walk.Id, walk.Total, walk.EndedAt, walk.ExpiresAt);

        /// <summary>
        /// Saves a bookmark. Returns a row unless there is one that belongs to another walk than
        /// <paramref name="expected"/>.
        /// </summary>
        public void SaveBookmark(Bookmark bookmark, Guid? expected) => batch.Add(
            """
            INSERT INTO "Bookmarks" (
                "AccountId", "Query", "NextIndex", "UserId", "SortValue", "WalkId", "SavedAt")
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT ("AccountId", "Query", "NextIndex", "UserId")
            DO UPDATE SET "SortValue" = $5, "WalkId" = $6, "SavedAt" = $7 WHERE "Bookmarks"."WalkId" = $8
            RETURNING "WalkId"
            """,
            bookmark.AccountId, bookmark.Query, bookmark.NextIndex, bookmark.UserId, bookmark.SortValue,
            bookmark.WalkId, bookmark.SavedAt, expected);
    }

    private static FoundBookmark ReadBookmark(DbDataReader row)
    {
        var walk = row.IsDBNull(4) ? null : new Walk
        {
            AccountId = row.GetGuid(4),
            Id = row.GetGuid(3),
            IsShared = row.GetBoolean(5),
            Total = row.GetInt32(6),
            EndedAt = row.IsDBNull(7) ? null : row.GetUtc(7),
            ExpiresAt = row.GetUtc(8),
        };
        var position = new UserPosition(row.GetGuid(1), row.IsDBNull(2) ? null : row.GetString(2));
        return new FoundBookmark(row.GetInt32(0), position, row.GetGuid(3), walk);
    }
}
