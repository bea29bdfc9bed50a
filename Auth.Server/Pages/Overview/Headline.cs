using System.Globalization;
using Auth.Server.Provisioning;
using Shared.Contracts;

namespace Auth.Server.Pages.Overview;

/// <summary>What the overview says first: whether provisioning works.</summary>
/// <param name="Tone">The tone of its notice.</param>
/// <param name="Verdict">Whether it works.</param>
/// <param name="Detail">Why not; or, after the last call, what happened today.</param>
/// <param name="LastCall">When the identity provider last called, UTC; null if it does not work.</param>
/// <param name="Remedy">What to do; null if it works.</param>
internal sealed record Headline(
    string Tone, string Verdict, string Detail, DateTime? LastCall = null, Remedy? Remedy = null)
{
    private const string Good = "good";
    private const string Warning = "warning";
    private const string Error = "error";
    private const string MayNotWork = "Provisioning may not work.";

    /// <summary>
    /// The headline for a connection and what <c>Scim.Api</c> has counted; if that is null,
    /// <paramref name="refusal"/> says why.
    /// </summary>
    public static Headline Of(Connection connection, PortalOverview? figures, string? refusal)
    {
        if (connection.Checks(countsSilence: true).FirstOrDefault(check => check.IsFine == false) is { } wrong)
            return NotWorking(connection, wrong);
        if (figures is null)
            return new(Warning, MayNotWork, refusal!);
        var connected = $"{connection.Provider.Name} is connected";
        if (connection.CheckSeats(figures.Seats) is { IsFine: false } full)
            return new(Warning, $"{connected}, but new people are refused.", full.Text, Remedy: full.Remedy);
        var (today, people) = (figures.Days[^1], figures.PeopleChangedToday);
        return new(
            people == 0 && today.Refusals > 0 ? Warning : Good,
            $"{connected}.",
            $"{Changed(people, today.HasMore)}, {Refused(today.Refusals, today.HasMore)}.",
            connection.LastCall);
    }

    private static Headline NotWorking(Connection connection, Check wrong)
    {
        var wasUsed = connection.LastCall is not null;
        var (tone, verdict) = wrong.Cause switch
        {
            Cause.ProviderSilent when wasUsed => (Warning, MayNotWork),
            // Somebody who is still setting it up has done nothing wrong.
            not (Cause.ScimDisabled or Cause.Suspended) when !wasUsed && connection.Previous is null =>
                (Warning, "Provisioning is not set up yet."),
            _ => (Error, "Provisioning does not work."),
        };
        return new(tone, verdict, wrong.Text, Remedy: wrong.Remedy);
    }

    private static string Changed(int people, bool hasMore) => people switch
    {
        0 when !hasMore => "nobody changed today",
        1 when !hasMore => "1 person changed today",
        _ => $"{Number(people, hasMore)} people changed today",
    };

    private static string Refused(int requests, bool hasMore) => requests switch
    {
        0 when !hasMore => "nothing refused",
        1 when !hasMore => "1 request refused",
        _ => $"{Number(requests, hasMore)} requests refused",
    };

    private static string Number(int number, bool isAtLeast) =>
        (isAtLeast ? "at least " : "") + number.ToString("N0", CultureInfo.InvariantCulture);
}
