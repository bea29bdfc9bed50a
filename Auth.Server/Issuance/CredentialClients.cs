using Auth.Server.Connect;
using Auth.Server.Credentials;
using OpenIddict.Abstractions;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Auth.Server.Issuance;

/// <summary>Creates the OAuth clients of credential sets.</summary>
internal sealed class CredentialClients(ClientManager clients)
{
    /// <summary>Creates the client of an <c>oauth2</c> set.</summary>
    /// <returns>Its secret; null if it has its own keys.</returns>
    public async Task<string?> Create(CredentialSet set, NewCredentialSet wanted, CancellationToken cancellation)
    {
        var descriptor = new OpenIddictApplicationDescriptor
        {
            ClientId = set.ClientId,
            ClientType = ClientTypes.Confidential,
            ConsentType = ConsentTypes.Explicit,
            JsonWebKeySet = wanted.Jwks is null ? null : PublicKeys.Read(wanted.Jwks),
            Permissions =
            {
                Permissions.Endpoints.Token,
                Permissions.Endpoints.Revocation,
                Permissions.GrantTypes.ClientCredentials,
                Permissions.GrantTypes.TokenExchange,
                Permissions.Prefixes.Scope + Shared.Contracts.Scopes.Scim,
            },
        };
        if (wanted.RedirectUris is { Count: > 0 } redirectUris)
        {
            descriptor.Permissions.UnionWith(
            [
                Permissions.Endpoints.Authorization,
                Permissions.Endpoints.PushedAuthorization,
                Permissions.GrantTypes.AuthorizationCode,
                Permissions.GrantTypes.RefreshToken,
                Permissions.ResponseTypes.Code,
            ]);
            descriptor.RedirectUris.UnionWith(redirectUris.Select(uri => new Uri(uri)));
        }
        if (wanted.RequirePkce)
            descriptor.Requirements.Add(Requirements.Features.ProofKeyForCodeExchange);

        var secret = wanted.Jwks is null ? ClientSecret.Generate() : null;
        var client = new Client { CredentialSetId = set.Id };
        await clients.PopulateAsync(client, descriptor, cancellation);
        await clients.CreateAsync(client, secret, cancellation);
        return secret;
    }

    /// <summary>
    /// Creates the client that a direct JWT names: a public client (RFC 6749 §2.1) that can exchange
    /// that JWT and do nothing else.
    /// </summary>
    public async Task CreatePublic(CredentialSet set, CancellationToken cancellation)
    {
        var client = new Client { CredentialSetId = set.Id };
        var descriptor = new OpenIddictApplicationDescriptor
        {
            ClientId = set.Id.ToString(),
            ClientType = ClientTypes.Public,
            Permissions =
            {
                Permissions.Endpoints.Token,
                Permissions.GrantTypes.TokenExchange,
                Permissions.Prefixes.Scope + Shared.Contracts.Scopes.Scim,
            },
        };
        await clients.PopulateAsync(client, descriptor, cancellation);
        await clients.CreateAsync(client, cancellation);
    }
}
