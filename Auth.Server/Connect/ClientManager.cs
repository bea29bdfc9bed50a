using System.Security.Cryptography;
using System.Text;
using Auth.Server.Credentials;
using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;
using OpenIddict.Abstractions;
using OpenIddict.Core;

namespace Auth.Server.Connect;

/// <summary>
/// Makes the client of an ended credential set unknown to OpenIddict, at every endpoint. The client of a staged set can
/// obtain tokens, but they are not accepted yet. Secrets are 256 random bits, so a plain SHA-256 protects them.
/// </summary>
internal sealed class ClientManager(
    IOpenIddictApplicationCache<Client> cache,
    ILogger<ClientManager> logger,
    IOptionsMonitor<OpenIddictCoreOptions> options,
    IOpenIddictApplicationStore<Client> store,
    AuthDbContext db,
    IMemoryCache memory,
    TimeProvider time) : OpenIddictApplicationManager<Client>(cache, logger, options, store)
{
    private const string Sha256Prefix = "sha256.";

    private static readonly Func<AuthDbContext, string, CancellationToken, Task<Client?>> find = EF.CompileAsyncQuery(
        (AuthDbContext db, string clientId, CancellationToken cancellation) => db.Set<Client>()
            .Include(client => client.CredentialSet)
            .SingleOrDefault(client => client.ClientId == clientId));

    // A request looks up its client a dozen times and must get the same result each time. A set that expires during a
    // request is refused from the next request on; a token issued until then is not accepted.
    private readonly Dictionary<string, (Client? Client, bool IsUsable)> found = new(StringComparer.Ordinal);

    public override async ValueTask<Client?> FindByClientIdAsync(
        string identifier, CancellationToken cancellationToken = default)
    {
        var (client, isUsable) = await Recall(identifier, cancellationToken);
        return isUsable ? client : null;
    }

    /// <summary>
    /// Whether a client with this id exists or existed. If not, the value may be a secret in the wrong field.
    /// </summary>
    public async Task<bool> Knows(string clientId, CancellationToken cancellation) =>
        (await Recall(clientId, cancellation)).Client is not null;

    /// <summary>The ended set whose client has this id and secret; null if there is none.</summary>
    public async Task<CredentialSet?> FindEnded(string clientId, string secret, CancellationToken cancellation)
    {
        var (client, isUsable) = await Recall(clientId, cancellation);
        return client is { CredentialSet: { } set, ClientSecret: not null }
            && !isUsable
            && await ValidateClientSecretAsync(client, secret, cancellation)
            ? set
            : null;
    }

    protected override ValueTask<string> ObfuscateClientSecretAsync(
        string secret, CancellationToken cancellationToken = default) =>
        new(Sha256Prefix + Convert.ToBase64String(Hash(secret)));

    protected override ValueTask<bool> ValidateClientSecretAsync(
        string secret, string comparand, CancellationToken cancellationToken = default) =>
        new(comparand.StartsWith(Sha256Prefix, StringComparison.Ordinal)
            && CryptographicOperations.FixedTimeEquals(
                Hash(secret), Convert.FromBase64String(comparand[Sha256Prefix.Length..])));

    private async Task<(Client? Client, bool IsUsable)> Recall(string clientId, CancellationToken cancellation)
    {
        if (!found.TryGetValue(clientId, out var recalled))
        {
            var client = await Find(clientId, cancellation);
            var isUsable = client?.CredentialSet?.IsUsable(time.GetUtcNow().UtcDateTime) != false;
            found[clientId] = recalled = (client, isUsable);
        }
        return recalled;
    }

    private async Task<Client?> Find(string clientId, CancellationToken cancellation)
    {
        // Not a valid client id (RFC 6749 appendix A.1), and PostgreSQL refuses some of these characters.
        if (!clientId.All(character => character is >= ' ' and <= '~'))
            return null;
        if (memory.TryGetValue(ResourceServers.MemoryKey(clientId), out Client? resourceServer))
            return resourceServer;
        var client = await find(db, clientId, cancellation);
        // Clients of the management API are not cached, so that a removed one is unknown immediately on every node.
        if (client is { CredentialSetId: null, Management: null })
        {
            db.Entry(client).State = EntityState.Detached;
            memory.Set(ResourceServers.MemoryKey(clientId), client, ResourceServers.MemorySpan);
        }
        return client;
    }

    private static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}
