using Auth.Server.Audit;
using Auth.Server.Data;
using Auth.Server.Operations;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;
using Shared.Contracts;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Auth.Server.Connect;

/// <summary>
/// The servers that may introspect tokens. Each authenticates with its own key (<c>private_key_jwt</c>, RFC 7523 §2.2);
/// its client id is the audience of the tokens that it may ask about. They introspect constantly and hardly ever
/// change, so each node caches them for a few seconds.
/// </summary>
internal sealed class ResourceServers(AuthDbContext db, ClientManager clients, IMemoryCache memory, Operation operation)
{
    /// <summary>How long another node may still trust the keys that <see cref="Add"/> has replaced.</summary>
    public static readonly TimeSpan MemorySpan = TimeSpan.FromSeconds(5);

    /// <summary>What a resource server may do on its own behalf besides introspection.</summary>
    public static IReadOnlyList<string> Scopes { get; } =
        [Shared.Contracts.Scopes.ReadAccounts, Shared.Contracts.Scopes.PollEvents];

    private const int LongestName = 100;

    public static object MemoryKey(string clientId) => (typeof(ResourceServers), clientId);

    /// <summary>
    /// Registers a resource server under its audience, which is also its client id, or replaces the keys of a
    /// registered one: a JWK set (RFC 7517 §5) of public P-256 keys.
    /// </summary>
    /// <exception cref="ProblemException">
    /// A value is invalid (400), or the server has other keys and <paramref name="replace"/> is false (409).
    /// </exception>
    public Task Add(
        string name, string jwks, bool replace, Actor actor, CancellationToken cancellation) => operation.Run(
        actor,
        AuditAction.AddResourceServer,
        null,
        async work =>
        {
            var keys = PublicKeys.Read(jwks);
            if (name.Length is 0 or > LongestName || !name.All(character => character is > ' ' and < '\x7f'))
                throw ProblemException.Invalid(
                    $"A resource server's name must have 1 to {LongestName} ASCII characters, without spaces.");
            work.Entry.About = name;
            work.Entry.Detail = $"Keys: {PublicKeys.NamesOf(keys)}";
            var client = await db.Clients.SingleOrDefaultAsync(client => client.ClientId == name, cancellation);
            if (client is null)
                await Create(name, keys, cancellation);
            else
                work.Entry.Detail += $"; {await Replace(client, keys, replace, cancellation)}";
        },
        cancellation);

    private async Task Create(string name, JsonWebKeySet keys, CancellationToken cancellation)
    {
        try
        {
            await clients.CreateAsync(Describe(name, keys), cancellation);
        }
        catch (OpenIddictExceptions.ValidationException)
        {
            throw JustAdded(name);
        }
    }

    private static ProblemException JustAdded(string name) => ProblemException.Conflict(
        $"{name} has just been registered by somebody else. Nothing was changed.");

    /// <returns>What was replaced, for the audit trail.</returns>
    private async Task<string> Replace(Client client, JsonWebKeySet keys, bool replace, CancellationToken cancellation)
    {
        var name = client.ClientId!;
        if (client.CredentialSetId is not null)
            throw ProblemException.Conflict($"{name} is the client of a credential set.");
        if (client.Management is not null)
            throw ProblemException.Conflict($"{name} is a client of the management API.");
        var before = await clients.GetJsonWebKeySetAsync(client, cancellation) ?? new();
        if (Thumbprints(before).SetEquals(Thumbprints(keys)) && !replace)
            return "unchanged";
        if (!replace)
        {
            var provisioning = name == Audiences.Scim
                ? ": all provisioning (SCIM) would stop until Scim.Api has the new key"
                : "";
            throw ProblemException.Conflict(
                $"{name} is already registered with other keys ({PublicKeys.NamesOf(before)}). If they were replaced, "
                + "every server that still uses one of them could no longer introspect tokens, and would answer all "
                + $"requests with 503{provisioning}. Nothing was changed. To replace them, add --replace; to register "
                + "another server, use another --name.");
        }
        await clients.UpdateAsync(client, Describe(name, keys), cancellation);
        memory.Remove(MemoryKey(name));
        return $"replaces {PublicKeys.NamesOf(before)}";
    }

    private static HashSet<string> Thumbprints(JsonWebKeySet keys) =>
        [.. keys.Keys.Select(key => Base64UrlEncoder.Encode(key.ComputeJwkThumbprint()) + key.Kid)];

    private static OpenIddictApplicationDescriptor Describe(string name, JsonWebKeySet keys)
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
        return descriptor;
    }
}
