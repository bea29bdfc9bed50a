using System.Collections.Concurrent;
using System.Data.Common;
using Scim.Api.Data;
using Shared.Hosting.Data;

namespace Scim.Api.Users.Search;

/// <summary>
/// Finds an index in the list of all users of an account without counting from its beginning: each node remembers the
/// indexes of a few users, the anchors.
/// <para>
/// New users are always last, so only a deletion changes the index of a user. Each use asks the database how many users
/// there are, and how many have been created since: the difference is the number of deletions. They are found by the
/// time of deletion, and move the anchors after them. If their number is not the expected one, because a node's clock
/// is wrong, the anchors are forgotten. So they are exact, whichever node writes.
/// </para>
/// </summary>
internal sealed class Anchors(TimeProvider time)
{
    /// <summary>The number of users from one anchor to the next.</summary>
    public const int Spacing = 500;

    // Added between two checks, as none is kept if a user has been deleted meanwhile.
    private const int AddedAtATime = 50;

    private const int MaxAttempts = 5;
    private const int MaxAccounts = 1000;

    // Deletions are erased later than this, and would no longer be found.
    private static readonly TimeSpan MaxAge = TimeSpan.FromHours(12);

    // By how much the clocks of two nodes may differ, plus the duration of a write.
    private static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<Guid, AnchoredList> lists = new();

    /// <summary>Describes the same place by another position, with fewer users to skip after it.</summary>
    public async Task<(UserPosition? After, int Skip)> Approach(
        ScimDbContext db, Guid accountId, UserPosition? after, int skip, CancellationToken cancellation)
    {
        var account = new Account(db, accountId, cancellation);
        var list = await Check(account, lists.GetValueOrDefault(accountId));
        long index = skip;
        if (after is not null)
        {
            var before = list.LastBefore(after.Id);
            index += before.Index + await account.CountUsers(before.UserId, after.Id);
        }
        list = await Extend(account, list, index);
        if (lists.Count >= MaxAccounts && !lists.ContainsKey(accountId))
            lists.Clear();
        lists[accountId] = list;
        var nearest = list.LastUpTo(index);
        return (
            nearest == Anchor.Beginning ? null : new UserPosition(nearest.UserId),
            (int)Math.Min(index - nearest.Index, int.MaxValue));
    }

    /// <summary>Adds anchors up to an index.</summary>
    private async Task<AnchoredList> Extend(Account account, AnchoredList list, long index)
    {
        for (var attempts = 0; attempts < MaxAttempts && list.Last.Index + Spacing <= index;)
        {
            var added = new List<Anchor>();
            var last = list.Last;
            while (added.Count < AddedAtATime && last.Index + Spacing <= index)
            {
                if (await account.FindUser(last.UserId, skip: Spacing - 1) is not { } next)
                    break;
                last = new Anchor(next, last.Index + Spacing);
                added.Add(last);
            }
            if (added.Count == 0)
                break;
            var now = await Check(account, list);
            var isUnchanged = now.Anchors == list.Anchors;
            list = isUnchanged ? now with { Anchors = [.. now.Anchors, .. added] } : now;
            attempts += isUnchanged ? 0 : 1;
        }
        return list;
    }

    /// <summary>Moves the anchors after users who have been deleted, if there are any.</summary>
    private async Task<AnchoredList> Check(Account account, AnchoredList? list)
    {
        var now = time.GetUtcNow().UtcDateTime;
        if (list?.CheckedAt < now - MaxAge)
            list = null;
        var state = await account.ReadState(list?.LastId ?? Guid.AllBitsSet, (list?.CheckedAt ?? now) - Tolerance);
        var recent = state.Deleted.Where(user => user.At >= now - Tolerance).Select(user => user.Id).ToHashSet();
        var current = new AnchoredList([], state.Users, state.LastId, now, recent);
        if (list is null)
            return current;
        var deleted = state.Deleted.Select(user => user.Id).Where(id => !list.Deleted.Contains(id)).ToList();
        if (deleted.Count != list.Users + state.Created - state.Users)
            return current;
        return current with { Anchors = deleted.Count == 0 ? list.Anchors : Move(list.Anchors, deleted) };
    }

    private static List<Anchor> Move(List<Anchor> anchors, List<Guid> deleted)
    {
        deleted.Sort();
        var moved = new List<Anchor>(anchors.Count);
        var before = 0;
        foreach (var anchor in anchors)
        {
            while (before < deleted.Count && deleted[before].CompareTo(anchor.UserId) <= 0)
                before++;
            moved.Add(anchor with { Index = anchor.Index - before });
        }
        return moved;
    }

    /// <summary>A user, deleted or not, and the number of users up to it.</summary>
    private readonly record struct Anchor(Guid UserId, int Index)
    {
        public static Anchor Beginning { get; } = new(Guid.Empty, 0);
    }

    /// <summary>
    /// The anchors of an account, and what they are based on: the number of users, the newest user, and who had been
    /// deleted recently.
    /// </summary>
    private sealed record AnchoredList(
        List<Anchor> Anchors, int Users, Guid LastId, DateTime CheckedAt, HashSet<Guid> Deleted)
    {
        public Anchor Last => Anchors.Count > 0 ? Anchors[^1] : Anchor.Beginning;

        public Anchor LastBefore(Guid userId) =>
            Anchors.FindLast(anchor => anchor.UserId.CompareTo(userId) <= 0) is { Index: > 0 } found
                ? found
                : Anchor.Beginning;

        public Anchor LastUpTo(long index) =>
            Anchors.FindLast(anchor => anchor.Index <= index) is { Index: > 0 } found ? found : Anchor.Beginning;
    }

    private sealed record DeletedUser(Guid Id, DateTime At);

    /// <summary>
    /// The number of users, how many have been created after a user, the newest one (deleted or not), and who has been
    /// deleted since a time.
    /// </summary>
    private sealed record AccountState(int Users, int Created, Guid LastId, IReadOnlyList<DeletedUser> Deleted);

    /// <summary>The statements about an account.</summary>
    private sealed class Account(ScimDbContext db, Guid accountId, CancellationToken cancellation)
    {
        /// <summary>Reads the account's state in one statement, so that it is of one moment.</summary>
        public async Task<AccountState> ReadState(Guid createdAfter, DateTime deletedSince)
        {
            var rows = await Read(
                """
                SELECT account."Users", account."Created", account."LastId", deleted."Id", deleted."DeletedAt"
                FROM (
                    SELECT
                        (SELECT "Users" FROM "Populations" WHERE "AccountId" = $1) AS "Users",
                        (SELECT COUNT(*) FROM "Users" WHERE "AccountId" = $1 AND "Id" > $2) AS "Created",
                        (SELECT "Id" FROM "Users" WHERE "AccountId" = $1 ORDER BY "Id" DESC LIMIT 1) AS "LastId"
                ) AS account
                LEFT JOIN "Users" AS deleted
                    ON deleted."AccountId" = $1 AND deleted."DeletedAt" >= $3 AND deleted."Document" <> ''
                """,
                [accountId, createdAfter, deletedSince],
                row => (
                    Users: row.IsDBNull(0) ? 0 : row.GetInt32(0),
                    Created: row.GetInt32(1),
                    LastId: row.IsDBNull(2) ? Guid.Empty : row.GetGuid(2),
                    Deleted: row.IsDBNull(3)
                        ? null
                        : new DeletedUser(
                            row.GetGuid(3), row.GetUtc(4))));
            return new AccountState(
                rows[0].Users, rows[0].Created, rows[0].LastId,
                [.. rows.Select(row => row.Deleted).OfType<DeletedUser>()]);
        }

        /// <summary>The number of users after one and up to another.</summary>
        public async Task<int> CountUsers(Guid after, Guid upTo) => (await Read(
            """
            SELECT COUNT(*) FROM "Users"
            WHERE "AccountId" = $1 AND "DeletedAt" IS NULL AND "Id" > $2 AND "Id" <= $3
            """,
            [accountId, after, upTo],
            row => row.GetInt32(0)))[0];

        /// <summary>The next user after another and some more; null if there is none.</summary>
        public async Task<Guid?> FindUser(Guid after, int skip)
        {
            var found = await Read(
                """
                SELECT "Id" FROM "Users"
                WHERE "AccountId" = $1 AND "DeletedAt" IS NULL AND "Id" > $2
                ORDER BY "Id" LIMIT 1 OFFSET $3
                """,
                [accountId, after, skip],
                row => row.GetGuid(0));
            return found.Count > 0 ? found[0] : null;
        }

        private Task<IReadOnlyList<T>> Read<T>(string sql, SqlValue[] values, Func<DbDataReader, T> read) =>
            SqlBatch.Read(db, batch => batch.Add(sql, values), results => results.All(read), cancellation);
    }
}
