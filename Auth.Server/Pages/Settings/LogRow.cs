using Auth.Server.Provisioning;
using Shared.Contracts;

namespace Auth.Server.Pages.Settings;

/// <summary>A row of the provisioning log.</summary>
/// <param name="Event">The event; of several equal ones, the newest.</param>
/// <param name="More">How many more of the same kind there were in the same minute.</param>
/// <param name="Text">Puts it in plain language.</param>
internal sealed record LogRow(PortalEvent Event, int More, EventText Text)
{
    public bool IsRefused => Event.Outcome == ProvisioningOutcomes.Refused;

    /// <summary>What the refusal means; null if the request was not refused.</summary>
    public RefusalExplanation? Refusal => IsRefused ? RefusalExplanation.Of(Event) : null;

    /// <summary>The rows of events, the newest first: equal ones within a minute share a row.</summary>
    public static IEnumerable<LogRow> Of(IEnumerable<PortalEvent> events, EventText text)
    {
        LogRow? row = null;
        foreach (var entry in events)
        {
            if (row is not null && IsRepetition(entry, row.Event))
            {
                row = row with { More = row.More + 1 + entry.Repeats };
                continue;
            }
            if (row is not null)
                yield return row;
            row = new(entry, entry.Repeats, text);
        }
        if (row is not null)
            yield return row;
    }

    private static bool IsRepetition(PortalEvent earlier, PortalEvent later) =>
        later.Time - earlier.Time < TimeSpan.FromMinutes(1)
        && (earlier.Outcome, earlier.Operation, earlier.Status, earlier.Reason, earlier.CredentialSet)
            == (later.Outcome, later.Operation, later.Status, later.Reason, later.CredentialSet)
        && (earlier.UserId, earlier.UserName, earlier.Administrator)
            == (later.UserId, later.UserName, later.Administrator)
        && earlier.Changed.SequenceEqual(later.Changed);
}
