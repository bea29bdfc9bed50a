using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Scim.Api.Data;
using Scim.Api.Protocol.Messages;
using Shared.Contracts;

namespace Scim.Api.Provisioning;

/// <summary>
/// A query for events of an account, newest first. The events of a user are those with its id, and those with its
/// userName and no id, such as a refused create. If only a userName is given, they are all events of everybody who had
/// it, and those of the user who has it now. All words of a search must occur in names, reason or ids; a number of
/// three digits is a status, because as a word it would be found in addresses.
/// </summary>
internal sealed record EventQuery
{
    /// <summary>
    /// No index finds words inside a text: a page of a search reads at most this many events, and the next page
    /// continues after them.
    /// </summary>
    public const int MaxSearchedEvents = 20_000;

    private const int MaxWords = 10;
    private const int MaxSearch = 1000;
    private const string Remedy = "Search for fewer words or another outcome, or list all events.";

    public Guid? UserId { get; init; }

    public string? UserName { get; init; }

    public string? Outcome { get; init; }

    /// <summary>The status of the response.</summary>
    public int? Status { get; init; }

    /// <summary>One of <see cref="ProvisioningOperations"/>.</summary>
    public string? Operation { get; init; }

    /// <summary>The credential set whose requests are shown.</summary>
    public Guid? CredentialSet { get; init; }

    /// <summary>The first day, UTC.</summary>
    public DateOnly? From { get; init; }

    /// <summary>The last day, UTC.</summary>
    public DateOnly? To { get; init; }

    /// <summary>Only events that are older than this one.</summary>
    public Guid? Before { get; init; }

    /// <summary>Only events that are newer than this one.</summary>
    public Guid? After { get; init; }

    private List<string> Words { get; init; } = [];

    // Truncated and folded like the key of an event.
    private string UserNameKey =>
        CaseFolding.Fold(ProvisioningEvent.Truncate(UserName, ProvisioningEvent.MaxUserName) ?? "");

    private bool IsAboutUser => UserId is not null || UserName is not null;

    // What no index finds, so that events are read and compared.
    private bool IsSearch =>
        Words.Count > 0 || Status is not null || Operation is not null || CredentialSet is not null;

    /// <summary>
    /// Whether an index finds exactly the events of a page, so that no budget is needed. The index on userName also
    /// finds events with a user id, and no index combines user and outcome.
    /// </summary>
    private bool IsIndexed => !IsSearch && UserName is null && (UserId is null || Outcome is null);

    /// <summary>The same query for the words of a search.</summary>
    public EventQuery Searching(string? search)
    {
        var words = CaseFolding.Fold(ProvisioningEvent.Truncate(search, MaxSearch) ?? "")
            .Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
            .Take(MaxWords).ToList();
        var status = words.Find(word => word.Length == 3 && int.TryParse(
            word, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 200 and < 600);
        return status is null || Status is not null
            ? this with { Words = words }
            : this with
            {
                Words = [.. words.Where(word => word != status)],
                Status = int.Parse(status, CultureInfo.InvariantCulture),
            };
    }

    /// <summary>Binds an endpoint's parameter.</summary>
    public static ValueTask<EventQuery> BindAsync(HttpContext http)
    {
        var query = http.Request.Query;
        string? Text(string name) => query[name] is [{ Length: > 0 } text, ..] ? text : null;
        Guid? Id(string name) => Text(name) is not { } text ? null
            : Guid.TryParse(text, out var id) ? id
            : throw Invalid($"{name} must be an id, not \"{text}\".");
        DateOnly? Day(string name) => Text(name) is not { } text ? null
            : DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
                ? day
                : throw Invalid($"{name} must be a day such as 2026-11-24, not \"{text}\".");
        string? OneOf(string name, IReadOnlyList<string> known) => Text(name) is not { } text || known.Contains(text)
            ? Text(name)
            : throw Invalid($"{name} must be one of {string.Join(", ", known)}, not \"{text}\".");
        int? Number(string name) => Text(name) is not { } text ? null
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
            : throw Invalid($"{name} must be a number, not \"{text}\".");
        return new(new EventQuery
        {
            UserId = Id(PortalEventParameters.User),
            UserName = Text(PortalEventParameters.UserName),
            Outcome = OneOf(PortalEventParameters.Outcome, ProvisioningOutcomes.All),
            Status = Number(PortalEventParameters.Status),
            Operation = OneOf(PortalEventParameters.Operation, ProvisioningOperations.All),
            CredentialSet = Id(PortalEventParameters.CredentialSet),
            From = Day(PortalEventParameters.From),
            To = Day(PortalEventParameters.To),
            Before = Id(PortalEventParameters.Before),
            After = Id(PortalEventParameters.After),
        }.Searching(Text(PortalEventParameters.Search)));
    }

    /// <summary>A page, and the <see cref="Before"/> of the next older page, if there may be one.</summary>
    public Task<(IReadOnlyList<ProvisioningEvent> Events, Guid? Next)> Read(
        ScimDbContext db, SearchBudget budget, Guid accountId, int size, CancellationToken cancellation) => IsIndexed
            ? ReadNow(db, accountId, size, cancellation)
            : budget.Run(db, accountId, Remedy, deadline => ReadNow(db, accountId, size, deadline), cancellation);

    private async Task<(IReadOnlyList<ProvisioningEvent> Events, Guid? Next)> ReadNow(
        ScimDbContext db, Guid accountId, int size, CancellationToken cancellation)
    {
        var user = UserId is null && UserName is not null
            ? await FindUser(db, accountId, cancellation)
            : UserId;
        var found = await Page(db.EventsOf(accountId).AsNoTracking(), size + 1, user).ToListAsync(cancellation);
        if (found.Count > size)
            return (found[..size], found[size - 1].Id);
        return (found, !IsSearch || IsAboutUser
            ? null
            : await Newest(db.EventsOf(accountId)).Skip(MaxSearchedEvents - 1).Select(e => (Guid?)e.Id)
                .FirstOrDefaultAsync(cancellation));
    }

    /// <summary>
    /// The database query of a page. Tests read its query plan. <paramref name="user"/> is the user with
    /// <see cref="UserId"/> or, if only a userName is given, the one who has it now.
    /// </summary>
    public IQueryable<ProvisioningEvent> Page(IQueryable<ProvisioningEvent> events, int size, Guid? user)
    {
        if (!IsAboutUser)
        {
            var newest = Newest(events);
            return IsSearch
                ? Matching(newest.Take(MaxSearchedEvents)).OrderByDescending(e => e.Id).Take(size)
                : newest.Take(size);
        }
        var key = UserNameKey;
        var named = events.Where(e => e.UserNameKey == key);
        // Without those that the other half of the query finds.
        if (UserId is not null)
            named = named.Where(e => e.UserId == null);
        else if (user is not null)
            named = named.Where(e => e.UserId != user);
        var byId = Matching(Newest(events.Where(e => e.UserId == user))).Take(size);
        var byName = Matching(Newest(named)).Take(size);
        return (user, key) switch
        {
            (null, _) => byName,
            (_, "") => byId,
            // Each uses its own index.
            _ => byId.Concat(byName).OrderByDescending(e => e.Id).Take(size),
        };
    }

    private async Task<Guid?> FindUser(ScimDbContext db, Guid accountId, CancellationToken cancellation)
    {
        var key = UserNameKey;
        return await db.Set<ProvisioningEvent>().Where(e => e.AccountId == accountId && e.UserNameKey == key)
            .Where(e => e.UserId != null).OrderByDescending(e => e.Id).Select(e => e.UserId)
            .FirstOrDefaultAsync(cancellation);
    }

    private IQueryable<ProvisioningEvent> Newest(IQueryable<ProvisioningEvent> events)
    {
        if (Outcome is { } outcome)
            events = events.Where(e => e.Outcome == outcome);
        // Ids are in order of time.
        if (From is { } from && ProvisioningEvent.FirstIdOf(from) is var first)
            events = events.Where(e => e.Id >= first);
        if (To is { } to && to < DateOnly.MaxValue && ProvisioningEvent.FirstIdOf(to.AddDays(1)) is var end)
            events = events.Where(e => e.Id < end);
        if (After is { } after)
            events = events.Where(e => e.Id > after);
        if (Before is { } before)
            events = events.Where(e => e.Id < before);
        return events.OrderByDescending(e => e.Id);
    }

    private IQueryable<ProvisioningEvent> Matching(IQueryable<ProvisioningEvent> events)
    {
        if (Status is { } status)
            events = events.Where(e => e.Status == status);
        if (Operation is { } operation)
            events = events.Where(e => e.Operation == operation);
        if (CredentialSet is { } set)
            events = events.Where(e => e.CredentialSetId == set);
        return Words.Aggregate(events, (found, word) => found.Where(e => e.SearchText.Contains(word)));
    }

    private static ScimException Invalid(string detail) => new(ScimError.InvalidValue(detail));
}
