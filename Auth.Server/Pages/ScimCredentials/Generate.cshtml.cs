using Auth.Server.Accounts;
using Auth.Server.Connect;
using Auth.Server.Credentials;
using Auth.Server.Data;
using Auth.Server.Issuance;
using Shared.Contracts;

namespace Auth.Server.Pages.ScimCredentials;

/// <summary>Step 3 of the setup guide: generates credentials by the method that the administrator chooses.</summary>
internal sealed class GenerateModel(
    AccountRegister accounts,
    CredentialIssuer issuer,
    CredentialHistory history,
    RememberedForms forms,
    AuthDbContext db,
    AuthOptions options)
    : GeneratePage(accounts, issuer, history, forms, db)
{
    public const string Path = "/scim-credentials/generate";

    /// <summary>The values to enter at the identity provider.</summary>
    public IEnumerable<CopyField> Values => Issued! switch
    {
        { Token: { } token } =>
        [
            new("scim-base-url", "SCIM Base URL", $"{options.ScimBaseUrl}"),
            new("api-token", "API Token", token, IsLong: true),
        ],
        var issued => new CopyField?[]
        {
            new("client-id", "Client ID", issued.Set.ClientId!),
            issued.ClientSecret is { } secret ? new("client-secret", "Client Secret", secret) : null,
            new("authorize-url", "Authorize URL", $"{new Uri(options.PublicUrl, AuthorizationServer.AuthorizePath)}"),
            new("token-url", "Token URL", $"{new Uri(options.PublicUrl, AuthServerPaths.Token)}"),
            new("scim-base-url", "SCIM Base URL", $"{options.ScimBaseUrl}"),
        }.OfType<CopyField>(),
    };

    protected override string Address => Path;
}
