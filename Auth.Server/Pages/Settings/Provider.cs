using Auth.Server.Credentials;

namespace Auth.Server.Pages.Settings;

/// <summary>What the pages call an identity provider, which is recognized by its <c>User-Agent</c>.</summary>
internal static class Provider
{
    public const string Unknown = "Your identity provider";

    /// <summary>The name of the provider that last used the set.</summary>
    public static string NameOf(CredentialSet? set) => NameOf(set?.LastUse?.UserAgent);

    /// <summary>The name of the provider that used the account's credentials last.</summary>
    public static string NameOf(IEnumerable<CredentialSet> sets) =>
        NameOf(sets.Where(set => set.LastUse is not null).MaxBy(set => set.LastUse!.At));

    private static string NameOf(string? userAgent) => userAgent switch
    {
        not null when userAgent.Contains("Okta", StringComparison.OrdinalIgnoreCase) => "Okta",
        not null when userAgent.Contains("Entra", StringComparison.OrdinalIgnoreCase)
            || userAgent.Contains("Azure", StringComparison.OrdinalIgnoreCase)
            || userAgent.Contains("Microsoft", StringComparison.OrdinalIgnoreCase) => "Microsoft Entra ID",
        _ => Unknown,
    };
}
