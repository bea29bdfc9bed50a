using System.Data.Common;
using Scim.Api.Data;
using Scim.Api.Provisioning;
using Scim.Api.Users.Search;
using Shared.Contracts;
using Shared.Hosting.Data;

namespace Scim.Api.Users;

/// <summary>
/// A page of the portal's list of users. A page begins after a user, or ends before one, so that every page costs the
/// same.
/// <para>
/// One filter decides how the page is found. If few users match it, its index finds them all, and they are sorted. If
/// many do, the index of the order is followed until enough of them have been seen. The database does not know which is
/// better: SQLite keeps no statistics. Thus the matches are counted first, up to <see cref="MaxCounted"/>.
/// </para>
/// </summary>
internal sealed record PortalUserQuery
{
    /// <summary>The largest number of users that are counted.</summary>
    public const int MaxCounted = 1000;

    private const int PageSize = 25;
    private const int MaxSearch = 1000;
    private const int MaxWords = 10;
    private const string Last = "last";
    private const string ByHand = "hand";
    private const string Remedy = "Search for a whole e-mail address, or for fewer words, or remove a filter.";

    private IReadOnlyList<string> Words { get; init; } = [];

    private bool? Active { get; init; }

    private string? Source { get; init; }

    private string? Licence { get; init; }

    private bool OnlyByHand { get; init; }

    /// <summary>The column that the users are sorted by; null for the order of creation.</summary>
    private string? SortColumn { get; init; }

    private bool IsDescending { get; init; }

    private Guid? After { get; init; }

    private Guid? Before { get; init; }

    private bool IsLastPage { get; init; }

    // What an index does not find, or what may be rare among the users that an index finds.
    private bool NeedsBudget => Words.Count > 0
        || new[] { Active is not null, Source is not null, Licence is not null, OnlyByHand }.Count(used => used) > 1;

    /// <summary>Binds an endpoint's parameter. An unknown value is the same as none.</summary>
    public static ValueTask<PortalUserQuery> BindAsync(HttpContext http)
    {
        var query = http.Request.Query;
        string? Text(string name) => query[name] is [{ Length: > 0 } text, ..] ? text : null;
        Guid? Id(string name) => Guid.TryParse(Text(name), out var id) ? id : null;
        var sort = Text(PortalUserParameters.Sort) ?? PortalUserOrders.Newest;
        var isReversed = sort.StartsWith('-');
        var (column, isDescending) = sort.TrimStart('-') switch
        {
            PortalUserOrders.Email => ("UserNameKey", false),
            PortalUserOrders.Status => ("Active", true),
            PortalUserOrders.Source => ("Source", true),
            PortalUserOrders.Changed => ("LastModified", true),
            _ => ((string?)null, true),
        };
        var search = CaseFolding.Fold(ProvisioningEvent.Truncate(Text(PortalUserParameters.Search), MaxSearch) ?? "");
        return new(new PortalUserQuery
        {
            Words = [.. search.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Take(MaxWords)],
            Active = Text(PortalUserParameters.Status) switch
            {
                "active" => true,
                "inactive" => false,
                _ => null,
            },
            Source = Text(PortalUserParameters.Source) is UserSources.Scim or UserSources.SciLeads
                ? Text(PortalUserParameters.Source)
                : null,
            Licence = ProvisioningEvent.Truncate(Text(PortalUserParameters.Licence), MaxSearch),
            OnlyByHand = Text(PortalUserParameters.Changed) == ByHand,
            SortColumn = column,
            IsDescending = isDescending != isReversed,
            After = Id(PortalUserParameters.After),
            Before = Id(PortalUserParameters.Before),
            IsLastPage = Text(PortalUserParameters.Page) == Last,
        });
    }

    /// <summary>Reads the page.</summary>
    public Task<FoundPage> Read(
        ScimDbContext db, SearchBudget budget, Guid accountId, CancellationToken cancellation) => NeedsBudget
            ? budget.Run(db, accountId, Remedy, deadline => Find(db, accountId, deadline), cancellation)
            : Find(db, accountId, cancellation);

    private async Task<FoundPage> Find(ScimDbContext db, Guid accountId, CancellationToken cancellation)
    {
        var dialect = SqlDialect.Of(db.Database);
        var address = Words is [var word] && EmailAddress.IsValid(word)
            ? await HasAddress(db, accountId, word, cancellation) ? Address.Exact : Address.Prefix
            : Address.None;
        var position = (After ?? Before) is { } id ? await FindPosition(db, accountId, id, cancellation) : null;
        var total = await Read(db, CountText(dialect, accountId, address), row => row.GetInt32(0), cancellation) is
            [var counted] ? counted : 0;
        // The index of most filters also has the order of creation.
        var isIndexed = total <= MaxCounted
            || (SortColumn is null && Driver(address) != PortalUserParameters.Licence);
        var isBackward = position is null ? IsLastPage : After is null;
        var sql = PageText(dialect, accountId, address, isIndexed, position, isBackward);
        var rows = await Read(db, sql, PortalRow.Read, cancellation);
        var users = rows.Take(PageSize);
        var isFirst = position is null && !IsLastPage;
        return new FoundPage(
            [.. isBackward ? users.Reverse() : users],
            Math.Min(total, IsCounted ? MaxCounted : int.MaxValue),
            HasMoreThanTotal: IsCounted && total > MaxCounted,
            HasPrevious: isBackward ? rows.Count > PageSize : !isFirst,
            HasNext: isBackward ? position is not null : rows.Count > PageSize);
    }

    // The number of all users, and that of the seats of a product, are kept, and need not be counted.
    private bool IsCounted => Words.Count > 0 || OnlyByHand || Active is not null || Source is not null;

    /// <summary>The statement that counts the users. Tests read its query plan.</summary>
    public SqlText CountText(SqlDialect dialect, Guid accountId, Address address)
    {
        var sql = new SqlText(dialect);
        if (!IsCounted)
        {
            var account = sql.Parameter(accountId);
            return Licence is { } product
                ? sql.Append($"SELECT \"Used\" FROM \"SeatCounts\" WHERE \"AccountId\" = {account}")
                    .Append($" AND \"Product\" = {sql.Parameter(product)}")
                : sql.Append($"SELECT \"Users\" FROM \"Populations\" WHERE \"AccountId\" = {account}");
        }
        sql.Append("SELECT COUNT(*) FROM (SELECT 1 FROM \"Users\" AS u");
        WriteFilters(sql, accountId, address, isIndexed: true);
        return sql.Append($" LIMIT {MaxCounted + 1}) AS counted");
    }

    /// <summary>The statement that reads the page. Tests read its query plan.</summary>
    public SqlText PageText(
        SqlDialect dialect, Guid accountId, Address address, bool isIndexed, Position? position, bool isBackward)
    {
        var sql = new SqlText(dialect).Append($"SELECT {PortalRow.Columns} FROM \"Users\" AS u");
        WriteFilters(sql, accountId, address, isIndexed);
        var isDescending = IsDescending != isBackward;
        var sortColumn = SortColumn is null ? null : $"u.\"{SortColumn}\"";
        // Few users are sorted: CASE keeps SQLite from following the index of the order past all the others.
        if (sortColumn is not null && isIndexed && Driver(address) is not null)
            sortColumn = $"CASE WHEN TRUE THEN {sortColumn} END";
        if (position is not null)
        {
            var comparison = isDescending ? "<" : ">";
            sql.Append(sortColumn is null
                ? $" AND u.\"Id\" {comparison} {sql.Parameter(position.Id)}"
                : $" AND ({sortColumn}, u.\"Id\") {comparison} "
                    + $"({sql.Parameter(position.ValueOf(SortColumn!))}, {sql.Parameter(position.Id)})");
        }
        var direction = isDescending ? "DESC" : "ASC";
        sql.Append(" ORDER BY ");
        if (sortColumn is not null)
            sql.Append($"{sortColumn} {direction}, ");
        return sql.Append($"u.\"Id\" {direction} LIMIT {PageSize + 1}");
    }

    private void WriteFilters(SqlText sql, Guid accountId, Address address, bool isIndexed)
    {
        var account = sql.Parameter(accountId);
        sql.Append($" WHERE u.\"AccountId\" = {account} AND u.\"DeletedAt\" IS NULL");
        var driver = Driver(address);
        foreach (var (filter, write) in Filters(address))
        {
            var usesIndex = filter == driver && (isIndexed || address != Address.None);
            var condition = write(sql, account, usesIndex);
            // "IS TRUE" keeps the database from using an index on this condition.
            sql.Append(usesIndex ? $" AND {condition}" : $" AND ({condition}) IS TRUE");
        }
    }

    /// <summary>The filter whose index is used: the one that probably matches the fewest users.</summary>
    private string? Driver(Address address) => this switch
    {
        _ when address != Address.None => PortalUserParameters.Search,
        { OnlyByHand: true } => PortalUserParameters.Changed,
        { Active: false } => PortalUserParameters.Status,
        { Source: UserSources.SciLeads } => PortalUserParameters.Source,
        { Active: true } => PortalUserParameters.Status,
        { Source: not null } => PortalUserParameters.Source,
        // Most users have a seat of most products.
        { Licence: not null } => PortalUserParameters.Licence,
        _ => null,
    };

    private IEnumerable<(string Filter, Func<SqlText, string, bool, string> Write)> Filters(Address address)
    {
        if (address != Address.None)
        {
            yield return (
                PortalUserParameters.Search,
                (sql, account, _) => OfAddress(sql, account, Words[0], address == Address.Exact));
        }
        else
        {
            foreach (var word in Words)
                yield return ("word", (sql, _, _) => sql.Dialect.Contains("u.\"SearchText\"", sql.Parameter(word)));
        }
        // The first condition allows the database to use the partial index, and the second makes SQLite prefer it.
        if (OnlyByHand)
            yield return (
                PortalUserParameters.Changed, (_, _, _) => "u.\"ActiveSetByHand\" AND u.\"ActiveSetByHand\" = TRUE");
        if (Active is { } active)
            yield return (PortalUserParameters.Status, (sql, _, _) => $"u.\"Active\" = {sql.Parameter(active)}");
        if (Source is { } source)
            yield return (PortalUserParameters.Source, (sql, _, _) => $"u.\"Source\" = {sql.Parameter(source)}");
        if (Licence is { } product)
        {
            yield return (PortalUserParameters.Licence, (sql, account, usesIndex) =>
            {
                var seats = $"FROM \"Seats\" AS s WHERE s.\"AccountId\" = {account}"
                    + $" AND s.\"Product\" = {sql.Parameter(product)}";
                // PostgreSQL would read all seats for EXISTS, even if a few users are enough.
                return usesIndex
                    ? $"u.\"Id\" IN (SELECT s.\"UserId\" {seats})"
                    : $"(SELECT 1 {seats} AND s.\"UserId\" = u.\"Id\") IS NOT NULL";
            });
        }
    }

    private static string OfAddress(SqlText sql, string account, string address, bool isExact)
    {
        var key = sql.Parameter(address);
        // No address contains the last code point, so that all that begin with the key are between these two.
        var range = isExact ? $"= {key}" : $"BETWEEN {key} AND {sql.Parameter(address + "\U0010FFFF")}";
        return $"""
            u."Id" IN (SELECT n."Id" FROM "Users" AS n
                WHERE n."AccountId" = {account} AND n."UserNameKey" {range} AND n."DeletedAt" IS NULL
                UNION SELECT e."UserId" FROM "UserEmails" AS e
                WHERE e."AccountId" = {account} AND e."ValueKey" {range})
            """;
    }

    private static async Task<bool> HasAddress(
        ScimDbContext db, Guid accountId, string address, CancellationToken cancellation)
    {
        var sql = new SqlText(SqlDialect.Of(db.Database));
        var account = sql.Parameter(accountId);
        sql.Append("SELECT 1 FROM \"Users\" AS u").Append($" WHERE u.\"AccountId\" = {account}")
            .Append($" AND u.\"DeletedAt\" IS NULL AND {OfAddress(sql, account, address, isExact: true)} LIMIT 1");
        return await Read(db, sql, row => row.GetInt32(0), cancellation) is [_];
    }

    // A user who has been deleted since then still has a position.
    private static async Task<Position?> FindPosition(
        ScimDbContext db, Guid accountId, Guid id, CancellationToken cancellation)
    {
        var rows = await SqlBatch.Read(
            db,
            batch => batch.Add(
                """
                SELECT "UserNameKey", "Active", "Source", "LastModified" FROM "Users"
                WHERE "AccountId" = $1 AND "Id" = $2
                """,
                accountId, id),
            results => results.All(row => new Position(
                id, row.GetString(0), row.GetBoolean(1), row.GetString(2), row.GetUtc(3))),
            cancellation);
        return rows is [var position] ? position : null;
    }

    private static Task<IReadOnlyList<T>> Read<T>(
        ScimDbContext db, SqlText sql, Func<DbDataReader, T> read, CancellationToken cancellation) =>
        SqlBatch.Read(db, sql.AddTo, results => results.All(read), cancellation);

    /// <summary>Whether the search is an e-mail address, and how it is compared.</summary>
    internal enum Address
    {
        /// <summary>It is not an address: names and addresses contain its words.</summary>
        None,

        /// <summary>Somebody has exactly this address.</summary>
        Exact,

        /// <summary>Nobody has: it may be the beginning of one.</summary>
        Prefix,
    }

    /// <summary>A user's position in each of the orders.</summary>
    internal sealed record Position(Guid Id, string UserNameKey, bool Active, string Source, DateTime LastModified)
    {
        public object ValueOf(string column) => column switch
        {
            nameof(UserNameKey) => UserNameKey,
            nameof(Active) => Active,
            nameof(Source) => Source,
            _ => LastModified,
        };
    }

    /// <summary>A page of users, in their order.</summary>
    internal sealed record FoundPage(
        IReadOnlyList<PortalUser> Users, int Total, bool HasMoreThanTotal, bool HasPrevious, bool HasNext);
}
