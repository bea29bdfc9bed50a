using System.Data.Common;
using Microsoft.Extensions.Options;
using Scim.Api.Data;
using Scim.Api.Protocol.Filters;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Paging;
using Scim.Api.Provisioning;
using Shared.Hosting.Data;

namespace Scim.Api.Users.Search;

/// <summary>A query for users of an account, by default in order of creation.</summary>
internal sealed record UserQuery(Guid AccountId, BoundFilter? Filter = null, Sorting? Sorting = null)
{
    /// <summary>Whether the query asks for all users in order of creation.</summary>
    public bool IsUnfiltered => Filter is null && Sorting is null;

    /// <summary>Whether indexes serve the query, so that it needs no <see cref="SearchBudget"/>.</summary>
    public bool IsIndexed => IsUnfiltered || IsLookup;

    /// <summary>Whether the query asks for one user, or a few, that an index finds.</summary>
    public bool IsLookup => Filter?.IsLookup() == true;
}

/// <summary>
/// The position of a user in the order of a query: the folded value that is sorted by (null if it is missing, or if the
/// query has no order), and the id.
/// </summary>
internal sealed record UserPosition(Guid Id, string? Value = null);

/// <summary>
/// A user that was found: its position, the size of its document in bytes, and the resource; null if the users before
/// it already fill the memory limit.
/// </summary>
internal sealed record FoundUser(UserPosition Position, int Size, Resource? Resource);

/// <summary>The users that were found, and the total number of users of the query.</summary>
internal sealed record FoundUsers(IReadOnlyList<FoundUser> Users, int Total);

/// <summary>Finds users in the database. The size of the documents in memory is limited.</summary>
internal sealed class UserSearch(
    ScimDbContext db, SearchBudget budget, Anchors anchors, IOptions<ScimOptions> options)
{
    /// <summary>The maximum number of users to skip without a budget.</summary>
    private const int MaxSkipWithoutBudget = 1000;

    private const string Remedy =
        "Compare userName, externalId, id or the value of emails by eq, or ask for fewer users.";

    // The total of an unfiltered list is kept, not counted.
    private const string CountAll = """SELECT "Users" FROM "Populations" WHERE "AccountId" = $1""";

    // Larger documents are not read with the page, because they might not fit in memory.
    private const int LargeDocument = 16 * 1024;

    /// <summary>
    /// The next <paramref name="take"/> users of the query after a position, or from the beginning, after skipping
    /// <paramref name="skip"/> users. They include documents up to a total of <paramref name="maxSize"/> bytes.
    /// </summary>
    public Task<FoundUsers> Find(
        UserQuery query, UserPosition? after, int skip, int take, int maxSize, CancellationToken cancellation)
    {
        return Run(
            query,
            skip,
            async deadline =>
            {
                if (query.IsUnfiltered && skip > Anchors.Spacing)
                    (after, skip) = await anchors.Approach(db, query.AccountId, after, skip, deadline);
                var sql = NewText();
                var sortKey = query.Sorting is null ? null : SortKey.Of(query.Sorting, sql, options.Value.BaseUrl);
                WritePage(sql, query, sortKey, after, skip, take);
                var (found, users) = await SqlBatch.Read(
                    db,
                    batch =>
                    {
                        sql.AddTo(batch);
                        if (query.Filter is null)
                            batch.Add(CountAll, query.AccountId);
                    },
                    async results => (
                        await ReadPage(results, sortKey, maxSize),
                        query.Filter is null ? await results.One(row => row.GetInt32(0)) : (int?)null),
                    deadline);
                // A list that was read from the beginning to the end need not be counted.
                return new FoundUsers(found, after is null && found.Count < take && (found.Count > 0 || skip == 0)
                    ? skip + found.Count
                    : users ?? await CountNow(query, deadline));
            },
            cancellation);
    }

    /// <summary>The number of users of the query.</summary>
    public Task<int> Count(UserQuery query, CancellationToken cancellation) =>
        Run(query, skip: 0, deadline => CountNow(query, deadline), cancellation);

    /// <summary>
    /// Reads the current state of users that were found before, in the same order. Deleted users are still included.
    /// </summary>
    public async Task<IReadOnlyList<Resource>> Read(
        Guid accountId, IReadOnlyList<FoundUser> users, CancellationToken cancellation)
    {
        var sql = NewText()
            .Append("SELECT u.\"Id\", u.\"Created\", u.\"LastModified\", u.\"Version\", u.\"Document\"");
        sql.Append($" FROM \"Users\" AS u WHERE u.\"AccountId\" = {sql.Parameter(accountId)} AND u.\"Id\" IN (");
        sql.Append(string.Join(", ", users.Select(user => sql.Parameter(user.Position.Id)))).Append(")");
        var resources = await Read(
            sql, row => (Id: row.GetGuid(0), Resource: row.ToResource(row.GetGuid(0), document: 4)), cancellation);
        var read = resources.ToDictionary(user => user.Id, user => user.Resource);
        return [.. users.Select(user => read[user.Position.Id])];
    }

    /// <summary>The statement that <see cref="Find"/> runs.</summary>
    public void WritePage(SqlText sql, UserQuery query, SortKey? sortKey, UserPosition? after, int skip, int take)
    {
        sql.Append("SELECT u.\"Id\", u.\"Created\", u.\"LastModified\", u.\"Version\", ");
        sql.Append("octet_length(u.\"Document\"), ");
        sql.Append($"CASE WHEN octet_length(u.\"Document\") <= {LargeDocument} THEN u.\"Document\" END");
        if (sortKey is not null)
            sql.Append($", {sortKey.Operand.Sql}");
        WriteUsers(sql, query);
        if (after is not null)
            sql.Append($" AND {After(after, sortKey, sql)}");
        sql.Append(" ORDER BY ");
        if (sortKey is not null)
            sql.Append($"{sortKey.Order(sql.Dialect)}, ");
        // PostgreSQL would plan a statement whose LIMIT is a parameter anew each time.
        sql.Append($"u.\"Id\" LIMIT {take}");
        if (skip > 0)
            sql.Append($" OFFSET {sql.Parameter(skip)}");
    }

    private static string After(UserPosition after, SortKey? sortKey, SqlText sql)
    {
        var later = $"u.\"Id\" > {sql.Parameter(after.Id)}";
        return sortKey is null ? later : sortKey.After(after.Value, later, sql);
    }

    private void WriteUsers(SqlText sql, UserQuery query)
    {
        sql.Append($" FROM \"Users\" AS u WHERE u.\"AccountId\" = {sql.Parameter(query.AccountId)}");
        sql.Append(" AND u.\"DeletedAt\" IS NULL");
        if (query.Filter is not null)
            sql.Append(" AND ").Append(
                new FilterSql(sql, query.AccountId, options.Value.BaseUrl).Write(query.Filter));
    }

    private async Task<int> CountNow(UserQuery query, CancellationToken cancellation)
    {
        if (query.Filter is null)
            return await db.CountUsers(query.AccountId, cancellation);
        var sql = NewText().Append("SELECT COUNT(*)");
        WriteUsers(sql, query);
        return (await Read(sql, row => row.GetInt32(0), cancellation))[0];
    }

    private Task<T> Run<T>(
        UserQuery query, int skip, Func<CancellationToken, Task<T>> search, CancellationToken cancellation) =>
        query.IsIndexed && skip <= MaxSkipWithoutBudget
            ? search(cancellation)
            : budget.Run(db, query.AccountId, Remedy, search, cancellation);

    private Task<IReadOnlyList<T>> Read<T>(SqlText sql, Func<DbDataReader, T> read, CancellationToken cancellation) =>
        SqlBatch.Read(db, sql.AddTo, results => results.All(read), cancellation);

    private SqlText NewText() => new(SqlDialect.Of(db.Database));

    private static Task<IReadOnlyList<FoundUser>> ReadPage(SqlResults results, SortKey? sortKey, int maxSize)
    {
        var (room, fits) = (maxSize, true);
        return results.All(row =>
        {
            var size = row.GetInt32(4);
            fits = fits && size <= LargeDocument && (room -= size) >= 0;
            return new FoundUser(
                new UserPosition(row.GetGuid(0), sortKey?.Operand.Read(row, 6)),
                size,
                fits ? row.ToResource(row.GetGuid(0), document: 5) : null);
        });
    }
}
