using Auth.Server.Credentials;

namespace Auth.Server.Provisioning;

/// <summary>An identity provider, which is recognized by its <c>User-Agent</c>.</summary>
/// <param name="Name">What pages call it, at the beginning of a sentence.</param>
/// <param name="Schedule">When it sends changes, as a sentence.</param>
/// <param name="Silence">
/// If it has not called for this long, something is wrong with the connection, unless nobody was changed.
/// </param>
/// <param name="UnusualSilence">If it has not called for this long, administrators are told.</param>
internal sealed record IdentityProvider(string Name, string Schedule, TimeSpan Silence, TimeSpan UnusualSilence)
{
    private static readonly IdentityProvider okta = new(
        "Okta", "Okta calls when a person is assigned to the app or changed.", TimeSpan.FromDays(7),
        TimeSpan.FromDays(30));

    private static readonly IdentityProvider entra = new(
        "Microsoft Entra ID", "Microsoft Entra ID calls every 40 minutes.", TimeSpan.FromDays(1),
        ShortestUnusualSilence);

    /// <summary>A provider that is not recognized, or that has not called yet.</summary>
    public static IdentityProvider Unknown { get; } = new(
        "Your identity provider",
        "Okta calls when a person is assigned or changed, and Microsoft Entra ID every 40 minutes.",
        TimeSpan.FromDays(7),
        TimeSpan.FromDays(30));

    /// <summary>The shortest <see cref="UnusualSilence"/> of a provider.</summary>
    public static TimeSpan ShortestUnusualSilence => TimeSpan.FromDays(1);

    /// <summary>The name in the middle of a sentence.</summary>
    public string NameInside => this == Unknown ? "your identity provider" : Name;

    /// <summary>The provider that last used a set.</summary>
    public static IdentityProvider Of(CredentialSet? set) => Of(set?.LastUse?.UserAgent);

    /// <summary>The provider that used one of the sets last.</summary>
    public static IdentityProvider Of(IEnumerable<CredentialSet> sets) =>
        Of(sets.Where(set => set.LastUse is not null).MaxBy(set => set.LastUse!.At));

    private static IdentityProvider Of(string? userAgent) => userAgent switch
    {
        not null when userAgent.Contains("Okta", StringComparison.OrdinalIgnoreCase) => okta,
        not null when userAgent.Contains("Entra", StringComparison.OrdinalIgnoreCase)
            || userAgent.Contains("Azure", StringComparison.OrdinalIgnoreCase)
            || userAgent.Contains("Microsoft", StringComparison.OrdinalIgnoreCase) => entra,
        _ => Unknown,
    };
}
