using Auth.Server.Accounts;
using Auth.Server.Credentials;
using Auth.Server.Data;
using Auth.Server.Issuance;

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
    public IEnumerable<CopyField> Values => IssuedValues.Of(Issued!, options) switch
    {
        { Token: { } token } issued =>
        [
            new("scim-base-url", "SCIM Base URL", issued.BaseUrl),
            new("api-token", "API Token", token, IsLong: true),
        ],
        var issued => new CopyField?[]
        {
            new("client-id", "Client ID", issued.ClientId),
            // A client with its own keys has none.
            issued.ClientSecret is "" ? null : new("client-secret", "Client Secret", issued.ClientSecret),
            new("authorize-url", "Authorize URL", issued.AuthorizeEndpoint),
            new("token-url", "Token URL", issued.TokenEndpoint),
            new("scim-base-url", "SCIM Base URL", issued.BaseUrl),
        }.OfType<CopyField>(),
    };

    protected override string Address => Path;
}
