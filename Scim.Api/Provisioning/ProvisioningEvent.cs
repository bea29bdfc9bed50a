using System.Globalization;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Scim.Api.Data;
using Shared.Contracts;

namespace Scim.Api.Provisioning;

/// <summary>
/// A record of one attempt to read or change users of an account, and of its outcome: every write, saved in the write's
/// own transaction, and every refusal. It contains the names of attributes and never their values, except for the
/// userName and what the reason of a refusal quotes; both are erased with the user.
/// </summary>
internal sealed record ProvisioningEvent
{
    public const int MaxUserName = 254;
    public const int MaxReason = 1000;

    public required Guid AccountId { get; init; }

    /// <summary>A version 7 GUID: events in order of their ids are in order of time.</summary>
    public required Guid Id { get; init; }

    public required DateTime Time { get; init; }

    /// <summary>The credential set of the identity provider that made the request; null if it was not one.</summary>
    public Guid? CredentialSetId { get; init; }

    /// <summary>
    /// The administrator who made the request in the portal. If this and <see cref="CredentialSetId"/> are null, it was
    /// an import by SciLeads.
    /// </summary>
    public Guid? AdministratorId { get; init; }

    /// <summary>The administrator's e-mail address at that time.</summary>
    public string? Administrator { get; init; }

    /// <summary>One of <see cref="Shared.Contracts.ProvisioningOperations"/>.</summary>
    public required string Operation { get; init; }

    public Guid? UserId { get; init; }

    /// <summary>The user's userName, or the one in a refused request.</summary>
    public string? UserName { get; init; }

    /// <summary>The folded userName; empty if there is none.</summary>
    public string UserNameKey { get; init; } = "";

    /// <summary>One of <see cref="Shared.Contracts.ProvisioningOutcomes"/>.</summary>
    public required string Outcome { get; init; }

    public required int Status { get; init; }

    public string? ScimType { get; init; }

    /// <summary>
    /// The error's <c>detail</c>, why some attributes were not applied, or the reason that an administrator gave.
    /// </summary>
    public string? Reason { get; init; }

    /// <summary>Names of attributes, separated by spaces.</summary>
    public string Changed { get; init; } = "";

    /// <summary>
    /// Names of attributes that kept their value although the request had another, separated by spaces: a request that
    /// deactivates a user is not refused because of them.
    /// </summary>
    public string NotApplied { get; init; } = "";

    /// <summary>Names of <see cref="Protocol.ClientQuirk"/>, separated by spaces.</summary>
    public string Habits { get; init; } = "";

    public string? RequestId { get; init; }

    /// <summary>
    /// How many more refusals of the same kind followed within a minute, and left no event of their own.
    /// </summary>
    public int Repeats { get; init; }

    /// <summary>What the portal searches: the names, reason and ids above, folded, one per line.</summary>
    public string SearchText { get; init; } = "";

    /// <summary>The smallest id of a day, UTC.</summary>
    public static Guid FirstIdOf(DateOnly day) => FirstIdOf(day.ToDateTime(TimeOnly.MinValue));

    /// <summary>The smallest id of a time, UTC: a version 7 GUID (RFC 9562 §5.7) whose random bits are zero.</summary>
    public static Guid FirstIdOf(DateTime utc)
    {
        var start = new DateTimeOffset(DateTime.SpecifyKind(utc, DateTimeKind.Utc));
        var time = Math.Max(0, start.ToUnixTimeMilliseconds());
        return Guid.Parse(string.Create(
            CultureInfo.InvariantCulture, $"{time >> 16:x8}-{time & 0xFFFF:x4}-7000-8000-000000000000"));
    }

    public static string Join(IEnumerable<string> names) => string.Join(' ', names);

    public static IReadOnlyList<string> Split(string names) => names.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>
    /// At most <paramref name="length"/> UTF-16 code units of a text, never half of a surrogate pair, and without
    /// U+0000, which PostgreSQL does not store.
    /// </summary>
    public static string? Truncate(string? text, int length)
    {
        if (text is null)
            return null;
        var result = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            if (result.Length + rune.Utf16SequenceLength > length)
                break;
            result.Append(rune.Value == 0 ? Rune.ReplacementChar : rune);
        }
        return result.ToString();
    }

    /// <summary>The event as the portal reads it.</summary>
    public PortalEvent ToPortalEvent() => new()
    {
        Id = Id,
        Time = Time,
        CredentialSet = CredentialSetId,
        Administrator = Administrator,
        Operation = Operation,
        UserId = UserId,
        UserName = UserName,
        Outcome = Outcome,
        Status = Status,
        ScimType = ScimType,
        Cause = Outcome == ProvisioningOutcomes.Refused ? RefusalClassification.CauseOf(Status, Reason) : null,
        Reason = Reason,
        Changed = Split(Changed),
        NotApplied = Split(NotApplied) is { Count: > 0 } names ? names : null,
        Habits = Split(Habits),
        RequestId = RequestId,
        Repeats = Repeats,
    };

    public sealed class Configuration : IEntityTypeConfiguration<ProvisioningEvent>
    {
        public void Configure(EntityTypeBuilder<ProvisioningEvent> provisioningEvent)
        {
            provisioningEvent.ToTable("ProvisioningEvents");
            provisioningEvent.HasKey(e => new { e.AccountId, e.Id });
            // Each ends with the id, so that its results are already sorted.
            provisioningEvent.HasIndex(e => new { e.AccountId, e.UserId, e.Id });
            provisioningEvent.HasIndex(e => new { e.AccountId, e.UserNameKey, e.Id });
            provisioningEvent.HasIndex(e => new { e.AccountId, e.Outcome, e.Id });
        }
    }
}

/// <summary>Queries for events. Every query names an account.</summary>
internal static class ProvisioningEvents
{
    public static IQueryable<ProvisioningEvent> EventsOf(this ScimDbContext db, Guid accountId) =>
        db.Set<ProvisioningEvent>().Where(e => e.AccountId == accountId);

    /// <summary>The account's events before the given id, the oldest first.</summary>
    public static IQueryable<ProvisioningEvent> EventsBefore(this ScimDbContext db, Guid accountId, Guid before) =>
        db.EventsOf(accountId).Where(e => e.Id < before).OrderBy(e => e.Id);

    /// <summary>
    /// The accounts of all events that follow the given account, with duplicates: the first is the next account.
    /// </summary>
    public static IQueryable<Guid?> AccountsWithEvents(this ScimDbContext db, Guid after) =>
        db.Set<ProvisioningEvent>().Where(e => e.AccountId > after)
            .OrderBy(e => e.AccountId)
            .Select(e => (Guid?)e.AccountId);

    /// <summary>
    /// Erases a user's data from its events, in the transaction that erases the user: the userName, and reasons, which
    /// may quote it. Includes events without a user id that have the name which the user had until it was deleted. Ids
    /// stay.
    /// </summary>
    public static async Task EraseFromEvents(
        this ScimDbContext db,
        Guid accountId,
        Guid userId,
        string userNameKey,
        DateTime deletedAt,
        CancellationToken cancellation)
    {
        var events = db.EventsOf(accountId);
        await Erase(events.Where(e => e.UserId == userId), cancellation);
        await Erase(
            events.Where(e => e.UserNameKey == userNameKey && e.UserId == null && e.Time <= deletedAt), cancellation);
    }

    private static Task<int> Erase(IQueryable<ProvisioningEvent> events, CancellationToken cancellation) =>
        events.ExecuteUpdateAsync(
            set => set
                .SetProperty(e => e.UserName, (string?)null)
                .SetProperty(e => e.UserNameKey, "")
                .SetProperty(e => e.Reason, (string?)null)
                .SetProperty(e => e.SearchText, ""),
            cancellation);
}
