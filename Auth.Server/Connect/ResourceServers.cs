using Auth.Server.Audit;
using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Auth.Server.Connect;

/// <summary>
/// The servers that may introspect tokens. Each proves itself with a key of its own (<c>private_key_jwt</c>, RFC 7523 §2.2);
/// its client id is the audience of the tokens it may ask about. They introspect all day long and hardly ever change, so each
/// node remembers one for a few seconds.
/// </summary>
internal sealed class ResourceServers(AuthDbContext db, ClientManager clients, IMemoryCache memory, AuditTrail audit)
{
    /// <summary>How long another node may go on trusting the keys that <see cref="Add"/> replaced.</summary>
    public static readonly TimeSpan MemorySpan = TimeSpan.FromSeconds(5);

    /// <summary>What a resource server may do in its own name beside introspecting.</summary>
    public static IReadOnlyList<string> Scopes { get; } =
        [Shared.Contracts.Scopes.ReadAccounts, Shared.Contracts.Scopes.PollEvents];

    public static object MemoryKey(string clientId) => (typeof(ResourceServers), clientId);

    /// <summary>
    /// Registers a resource server under its audience and client id, or gives a registered one new keys: a JWK set
    /// (RFC 7517 §5) of public P-256 keys.
    /// </summary>
    public Task Add(string name, string jwks, CancellationToken cancellation) => audit.Record(
        AuditAction.AddResourceServer,
        null,
        entry =>
        {
            entry.About = name;
            var keys = PublicKeys.Read(jwks);
            entry.Detail = $"Keys: {string.Join(", ", keys.Keys.Select(key => key.Kid))}";
            return Write(name, keys, cancellation);
        },
        cancellation);

    private async Task Write(string name, JsonWebKeySet keys, CancellationToken cancellation)
    {
        var descriptor = new OpenIddictApplicationDescriptor
        {
            ClientId = name,
            ClientType = ClientTypes.Confidential,
            JsonWebKeySet = keys,
            Permissions =
            {
                Permissions.Endpoints.Introspection,
                Permissions.Endpoints.Token,
                Permissions.GrantTypes.ClientCredentials,
            },
        };
        descriptor.Permissions.UnionWith(Scopes.Select(scope => Permissions.Prefixes.Scope + scope));
        var client = await db.Clients.SingleOrDefaultAsync(client => client.ClientId == name, cancellation);
        if (client is null)
        {
            await clients.CreateAsync(descriptor, cancellation);
            return;
        }

        if (client.CredentialSetId is not null)
            throw ProblemException.Conflict($"{name} is the client of a credential set.");
        if (client.Management is not null)
            throw ProblemException.Conflict($"{name} is a client of the management API.");
        await clients.UpdateAsync(client, descriptor, cancellation);
        memory.Remove(MemoryKey(name));
    }
}
