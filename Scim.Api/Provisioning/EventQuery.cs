using Microsoft.EntityFrameworkCore;
using Scim.Api.Data;
using Scim.Api.Protocol.Messages;
using Shared.Contracts;

namespace Scim.Api.Provisioning;

/// <summary>
/// A query for events of an account, newest first. The events of a user are those with its id, and those with its
/// userName and no id, such as a refused create. All words of a search must occur in names, reason or ids.
/// </summary>
internal sealed record EventQuery(Guid? UserId, string? UserName, string? Outcome, string? Search, Guid? Before)
{
    /// <summary>
    /// No index finds words inside a text: a page of a search reads at most this many events, and the next page
    /// continues after them.
    /// </summary>
    public const int MaxSearchedEvents = 20_000;

    private const int MaxWords = 10;
    private const int MaxSearch = 1000;
    private const string Remedy = "Search for fewer words or another outcome, or list all events.";

    private IReadOnlyList<string> Words { get; } =
    [
        .. CaseFolding.Fold(ProvisioningEvent.Truncate(Search, MaxSearch) ?? "")
            .Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
            .Take(MaxWords),
    ];

    // Truncated and folded like the key of an event.
    private string UserNameKey { get; } =
        CaseFolding.Fold(ProvisioningEvent.Truncate(UserName, ProvisioningEvent.MaxUserName) ?? "");

    private bool IsAboutUser => UserId is not null || UserName is not null;

    /// <summary>
    /// Whether an index finds exactly the events of a page, so that no budget is needed. The index on userName also
    /// finds events with a user id, and no index combines user and outcome.
    /// </summary>
    private bool IsIndexed => Words.Count == 0 && UserName is null && (UserId is null || Outcome is null);

    /// <summary>Binds an endpoint's parameter.</summary>
    public static ValueTask<EventQuery> BindAsync(HttpContext http)
    {
        var query = http.Request.Query;
        string? Text(string name) => query[name] is [{ Length: > 0 } text, ..] ? text : null;
        Guid? Id(string name) => Text(name) is not { } text ? null
            : Guid.TryParse(text, out var id) ? id
            : throw new ScimException(ScimError.InvalidValue($"{name} must be an id, not \"{text}\"."));
        var outcome = Text("outcome");
        return outcome is null || ProvisioningOutcomes.All.Contains(outcome)
            ? new(new EventQuery(Id("user"), Text("userName"), outcome, Text("search"), Id("before")))
            : throw new ScimException(ScimError.InvalidValue(
                $"outcome must be one of {string.Join(", ", ProvisioningOutcomes.All)}, not \"{outcome}\"."));
    }

    /// <summary>A page, and the <see cref="Before"/> of the next older page, if there may be one.</summary>
    public Task<(IReadOnlyList<ProvisioningEvent> Events, Guid? Next)> Read(
        ScimDbContext db, SearchBudget budget, Guid accountId, int size, CancellationToken cancellation) => IsIndexed
            ? ReadNow(db, accountId, size, cancellation)
            : budget.Run(db, accountId, Remedy, deadline => ReadNow(db, accountId, size, deadline), cancellation);

    private async Task<(IReadOnlyList<ProvisioningEvent> Events, Guid? Next)> ReadNow(
        ScimDbContext db, Guid accountId, int size, CancellationToken cancellation)
    {
        var found = await Page(db.EventsOf(accountId).AsNoTracking(), size + 1).ToListAsync(cancellation);
        if (found.Count > size)
            return (found[..size], found[size - 1].Id);
        return (found, Words.Count == 0 || IsAboutUser
            ? null
            : await Newest(db.EventsOf(accountId)).Skip(MaxSearchedEvents - 1).Select(e => (Guid?)e.Id)
                .FirstOrDefaultAsync(cancellation));
    }

    /// <summary>The database query of a page. Tests read its query plan.</summary>
    public IQueryable<ProvisioningEvent> Page(IQueryable<ProvisioningEvent> events, int size)
    {
        if (!IsAboutUser)
        {
            var newest = Newest(events);
            return Words.Count == 0
                ? newest.Take(size)
                : WithWords(newest.Take(MaxSearchedEvents)).OrderByDescending(e => e.Id).Take(size);
        }
        var (id, key) = (UserId, UserNameKey);
        var byId = WithWords(Newest(events.Where(e => e.UserId == id))).Take(size);
        var byName = WithWords(Newest(events.Where(e => e.UserNameKey == key && e.UserId == null))).Take(size);
        return (id, key) switch
        {
            (null, _) => byName,
            (_, "") => byId,
            // Each uses its own index.
            _ => byId.Concat(byName).OrderByDescending(e => e.Id).Take(size),
        };
    }

    private IQueryable<ProvisioningEvent> Newest(IQueryable<ProvisioningEvent> events)
    {
        if (Outcome is { } outcome)
            events = events.Where(e => e.Outcome == outcome);
        if (Before is { } before)
            events = events.Where(e => e.Id < before);
        return events.OrderByDescending(e => e.Id);
    }

    private IQueryable<ProvisioningEvent> WithWords(IQueryable<ProvisioningEvent> events) =>
        Words.Aggregate(events, (found, word) => found.Where(e => e.SearchText.Contains(word)));
}
