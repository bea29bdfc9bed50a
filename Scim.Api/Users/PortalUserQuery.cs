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
internal sealed partial record PortalUserQuery
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
