using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Auth.Server.Connect;

/// <summary>
/// The servers that may introspect tokens. Each proves itself with a key of its own (<c>private_key_jwt</c>, RFC 7523 §2.2);
/// its client id is the audience of the tokens it may ask about.
/// </summary>
internal sealed class ResourceServers(AuthDbContext db, ClientManager clients)
{
    /// <summary>
    /// Registers a resource server under its audience and client id, or gives a registered one new keys: a JWK set
    /// (RFC 7517 §5) of public P-256 keys.
    /// </summary>
    public async Task Add(string name, string jwks, CancellationToken cancellation)
    {
        var descriptor = new OpenIddictApplicationDescriptor
        {
            ClientId = name,
            ClientType = ClientTypes.Confidential,
            JsonWebKeySet = Check(jwks),
            Permissions =
            {
                Permissions.Endpoints.Introspection,
                Permissions.Endpoints.Token,
                Permissions.GrantTypes.ClientCredentials,
                Permissions.Prefixes.Scope + Shared.Contracts.Scopes.ReadAccounts,
            },
        };
        var client = await db.Clients.SingleOrDefaultAsync(client => client.ClientId == name, cancellation);
        if (client is null)
        {
            await clients.CreateAsync(descriptor, cancellation);
            return;
        }

        if (client.CredentialSetId is not null)
            throw ProblemException.Conflict($"{name} is the client of a credential set.");
        await clients.UpdateAsync(client, descriptor, cancellation);
    }

    private static JsonWebKeySet Check(string jwks)
    {
        JsonWebKeySet keys;
        try
        {
            keys = JsonWebKeySet.Create(jwks);
        }
        catch (Exception error) when (error is ArgumentException or System.Text.Json.JsonException)
        {
            throw ProblemException.Invalid("The file is no JWK set (RFC 7517 §5): a JSON object with an array \"keys\".");
        }

        if (keys.Keys.Count == 0)
            throw ProblemException.Invalid("The JWK set has no keys.");
        if (keys.Keys.FirstOrDefault(key => key.Kty != "EC" || key.Crv != "P-256") is { } other)
            throw ProblemException.Invalid($"The key {other.Kid} is no P-256 key; ES256 is the one algorithm here.");
        if (keys.Keys.FirstOrDefault(key => key.HasPrivateKey) is { } secret)
            throw ProblemException.Invalid($"The key {secret.Kid} is a private key. Give the public half, without \"d\".");
        return keys;
    }
}
