using System.Globalization;
using Auth.Server.Provisioning;
using Shared.Contracts;

namespace Auth.Server.Pages.Overview;

/// <summary>The first sentence of the overview: whether provisioning works.</summary>
/// <param name="Tone">The tone of its notice.</param>
/// <param name="Text">Whether it works, and why not.</param>
/// <param name="LastCall">When the identity provider last called, UTC; null if the text says all.</param>
/// <param name="Today">What follows the last call: what happened today.</param>
/// <param name="Remedy">What to do; null if it works.</param>
internal sealed record Headline(
    string Tone, string Text, DateTime? LastCall = null, string? Today = null, Remedy? Remedy = null)
{
    private const string Good = "good";
    private const string Warning = "warning";
    private const string Error = "error";

    /// <summary>
    /// The sentence for a connection and what <c>Scim.Api</c> has counted; if that is null,
    /// <paramref name="refusal"/> says why.
    /// </summary>
    public static Headline Of(Connection connection, PortalOverview? figures, string? refusal)
    {
        if (connection.Checks(countsSilence: true).FirstOrDefault(check => check.IsFine == false) is { } wrong)
            return NotWorking(connection, wrong);
        var provider = connection.Provider.Name;
        var lastCall = connection.LastCall!.Value;
        if (figures is null)
        {
            var unknown = new Check(Cause.NotKnown, IsFine: null, refusal!);
            return new(Warning, $"Provisioning may not work: {unknown.Clause}");
        }

        if (connection.CheckSeats(figures.Seats) is { IsFine: false } full)
        {
            return new(
                Warning, $"{provider} is connected, but new people are refused: {full.Clause}", Remedy: full.Remedy);
        }

        var (today, people) = (figures.Days[^1], figures.PeopleChangedToday);
        return new(
            people == 0 && today.Refusals > 0 ? Warning : Good,
            $"{provider} is connected.",
            lastCall,
            $"{Changed(people, today.HasMore)}, {Refused(today.Refusals, today.HasMore)}.");
    }

    private static Headline NotWorking(Connection connection, Check wrong)
    {
        var isSilent = wrong.Cause == Cause.ProviderSilent && connection.LastCall is not null;
        // Somebody who is still setting it up has done nothing wrong.
        var isSetUp = connection.Previous is not null || connection.LastCall is not null;
        return new(
            isSilent || (!isSetUp && connection.Account.AllowsScim) ? Warning : Error,
            $"{(isSilent ? "Provisioning may not work" : "Provisioning does not work")}: {wrong.Clause}",
            Remedy: wrong.Remedy);
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
