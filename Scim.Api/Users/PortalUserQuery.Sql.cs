using Scim.Api.Data;
using Scim.Api.Users.Search;
using Shared.Contracts;

namespace Scim.Api.Users;

/// <summary>The statements of the portal's list of users.</summary>
internal sealed partial record PortalUserQuery
{
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
}
