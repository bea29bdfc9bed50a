using Auth.Server.Connect;
using Auth.Server.Credentials;
using Shared.Contracts;

namespace Auth.Server.Pages.ScimCredentials;

/// <summary>A kind of identity provider that <i>Connect</i> knows, with the labels of its own form.</summary>
/// <param name="Id">Its name in addresses.</param>
/// <param name="Title">The title of its card.</param>
/// <param name="Name">Its name in sentences.</param>
/// <param name="Methods">The authentication methods that it can use, the recommended one first.</param>
/// <param name="Reason">Whom it is for, and why.</param>
internal sealed record Provider(string Id, string Title, string Name, IReadOnlyList<string> Methods, string Reason)
{
    private const string OktaId = "okta";
    private const string OktaTokenId = "okta-token";
    private const string EntraId = "entra";

    /// <summary>All of them, in the order of their cards.</summary>
    public static IReadOnlyList<Provider> All { get; } =
    [
        new(
            OktaTokenId, "Okta with a token", "Okta", [CredentialMethods.DirectJwt],
            "For the SciLeads app whose Provisioning tab asks for an API Token. One value to copy; you replace it "
            + "before it expires."),
        new(
            OktaId, "Okta with OAuth 2.0", "Okta", [CredentialMethods.OAuth2],
            "For an app that you authorize by signing in here. Okta renews its access by itself, and no long-lived "
            + "token is stored."),
        new(
            EntraId, "Microsoft Entra ID", "Microsoft Entra ID",
            [CredentialMethods.OAuth2, CredentialMethods.DirectJwt],
            "Client credentials are recommended: Microsoft's gallery requires them, with a secret that expires after "
            + "one to three years. A secret token works, too."),
    ];

    public bool IsOkta => Id is OktaId or OktaTokenId;

    public bool IsEntra => Id == EntraId;

    /// <summary>Whether the provider sends administrators here to allow it to provision.</summary>
    public bool NeedsRedirectUris => Id == OktaId;

    /// <summary>The provider with a name; null if there is none.</summary>
    public static Provider? Find(string? id) => All.FirstOrDefault(provider => provider.Id == id);

    /// <summary>The values to enter at the provider, in the order and with the labels of its form.</summary>
    public IEnumerable<CopyField> Values(IssuedValues issued) => (IsEntra, issued.Token) switch
    {
        (false, { } token) =>
        [
            new("base-url", "Base URL", issued.BaseUrl), new("token", "API Token", token, IsLong: true),
        ],
        (true, { } token) =>
        [
            new("base-url", "Tenant URL", issued.BaseUrl), new("token", "Secret Token", token, IsLong: true),
        ],
        (false, null) =>
        [
            new("base-url", "Base URL", issued.BaseUrl),
            new("client-id", "Client ID", issued.ClientId),
            new("client-secret", "Client secret", issued.ClientSecret),
            new("authorize-endpoint", "Authorize endpoint", issued.AuthorizeEndpoint),
            new("token-endpoint", "Token endpoint", issued.TokenEndpoint),
        ],
        (true, null) =>
        [
            new("base-url", "Tenant URL", issued.BaseUrl),
            new("token-endpoint", "Token endpoint", issued.TokenEndpoint),
            new("client-id", "Client identifier", issued.ClientId),
            new("client-secret", "Client secret", issued.ClientSecret),
        ],
    };
}

/// <summary>What a provider needs of a new credential set.</summary>
internal sealed record IssuedValues(
    string BaseUrl,
    string? Token,
    string ClientId,
    string ClientSecret,
    string AuthorizeEndpoint,
    string TokenEndpoint)
{
    public static IssuedValues Of(IssuedCredentials issued, AuthOptions options) => new(
        $"{options.ScimBaseUrl}",
        issued.Token,
        issued.Set.ClientId ?? "",
        issued.ClientSecret ?? "",
        $"{new Uri(options.PublicUrl, AuthorizationServer.AuthorizePath)}",
        $"{new Uri(options.PublicUrl, AuthServerPaths.Token)}");
}
