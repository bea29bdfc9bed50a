using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Scim.Api.Data;

namespace Scim.Api.Provisioning;

/// <summary>
/// One line of what was tried with the people of an account, and what came of it: every write, in the write's own
/// transaction, and every refusal. It has names of attributes and never their values, but for the userName and what the
/// reason of a refusal quotes; both are forgotten when the user is erased.
/// </summary>
internal sealed record ProvisioningEvent
{
    public const int MaxUserName = 254;
    public const int MaxReason = 1000;

    public required Guid AccountId { get; init; }

    /// <summary>A version 7 GUID: events in order of their ids are in order of time.</summary>
    public required Guid Id { get; init; }

    public required DateTime Time { get; init; }

    /// <summary>Who did it: the identity provider of this set,</summary>
    public Guid? CredentialSetId { get; init; }

    /// <summary>or this administrator by hand; neither is SciLeads itself, by an import.</summary>
    public Guid? AdministratorId { get; init; }

    /// <summary>The administrator's e-mail address then.</summary>
    public string? Administrator { get; init; }

    /// <summary>One of <see cref="Shared.Contracts.ProvisioningOperations"/>.</summary>
    public required string Operation { get; init; }

    public Guid? UserId { get; init; }

    /// <summary>The user's userName, also one that was only asked for.</summary>
    public string? UserName { get; init; }

    /// <summary>userName without letter case; empty if there is none.</summary>
    public string UserNameKey { get; init; } = "";

    /// <summary>One of <see cref="Shared.Contracts.ProvisioningOutcomes"/>.</summary>
    public required string Outcome { get; init; }

    public required int Status { get; init; }

    public string? ScimType { get; init; }

    /// <summary>The error's <c>detail</c>, or why some attributes were not applied.</summary>
    public string? Reason { get; init; }

    /// <summary>Names of attributes, with spaces between.</summary>
    public string Changed { get; init; } = "";

    /// <summary>
    /// Names of attributes that kept their value although the request asked for another, with spaces between: a request
    /// that deactivates a user is not refused because of them.
    /// </summary>
    public string NotApplied { get; init; } = "";

    /// <summary>Names of <see cref="Protocol.ClientQuirk"/>, with spaces between.</summary>
    public string Habits { get; init; } = "";

    public string? RequestId { get; init; }

    /// <summary>What the portal searches: the names, reason and ids above without letter case, a line each.</summary>
    public string SearchText { get; init; } = "";

    public static string Join(IEnumerable<string> names) => string.Join(' ', names);

    public static IReadOnlyList<string> Split(string names) => names.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>A text as every database keeps it, whole characters only, at most so long.</summary>
    public static string? Cut(string? text, int length)
    {
        if (text is null)
            return null;
        var cut = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            if (cut.Length + rune.Utf16SequenceLength > length)
                break;
            cut.Append(rune.Value == 0 ? Rune.ReplacementChar : rune);
        }
        return cut.ToString();
    }

    public sealed class Configuration : IEntityTypeConfiguration<ProvisioningEvent>
    {
        public void Configure(EntityTypeBuilder<ProvisioningEvent> provisioningEvent)
        {
            provisioningEvent.ToTable("ProvisioningEvents");
            provisioningEvent.HasKey(e => new { e.AccountId, e.Id });
            // Each ends in the id, so that what is found is in order already.
            provisioningEvent.HasIndex(e => new { e.AccountId, e.UserId, e.Id });
            provisioningEvent.HasIndex(e => new { e.AccountId, e.UserNameKey, e.Id });
            provisioningEvent.HasIndex(e => new { e.AccountId, e.Outcome, e.Id });
        }
    }
}

/// <summary>The events of the database. Every query begins with an account.</summary>
internal static class ProvisioningEvents
{
    public static IQueryable<ProvisioningEvent> EventsOf(this ScimDbContext db, Guid accountId) =>
        db.Set<ProvisioningEvent>().Where(e => e.AccountId == accountId);

    /// <summary>The account's events before one, the oldest first.</summary>
    public static IQueryable<ProvisioningEvent> EventsBefore(this ScimDbContext db, Guid accountId, Guid before) =>
        db.EventsOf(accountId).Where(e => e.Id < before).OrderBy(e => e.Id);

    /// <summary>
    /// The accounts that follow one and have events, as often as they have some: the first of it is the next account.
    /// </summary>
    public static IQueryable<Guid?> AccountsWithEvents(this ScimDbContext db, Guid after) =>
        db.Set<ProvisioningEvent>().Where(e => e.AccountId > after)
            .OrderBy(e => e.AccountId)
            .Select(e => (Guid?)e.AccountId);

    /// <summary>
    /// Forgets what events know of an erased user, in the transaction of the erasure: the userName, and reasons, which
    /// may quote it; also where an event knew no id, only the name that the user had until its deletion. Ids stay.
    /// </summary>
    public static async Task Forget(
        this ScimDbContext db,
        Guid accountId,
        Guid userId,
        string userNameKey,
        DateTime deletedAt,
        CancellationToken cancellation)
    {
        var events = db.EventsOf(accountId);
        await Forget(events.Where(e => e.UserId == userId), cancellation);
        await Forget(
            events.Where(e => e.UserNameKey == userNameKey && e.UserId == null && e.Time <= deletedAt), cancellation);
    }

    private static Task<int> Forget(IQueryable<ProvisioningEvent> events, CancellationToken cancellation) =>
        events.ExecuteUpdateAsync(
            set => set
                .SetProperty(e => e.UserName, (string?)null)
                .SetProperty(e => e.UserNameKey, "")
                .SetProperty(e => e.Reason, (string?)null)
                .SetProperty(e => e.SearchText, ""),
            cancellation);
}
