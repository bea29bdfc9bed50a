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
/// OpenIddict's clients under the rule above all: the client of a credential set that has ended is an unknown client,
/// at every endpoint. That of a staged set gets tokens, which admit nobody yet. Secrets are 256 random bits, so a plain
/// SHA-256 keeps them.
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

    // A request asks for its client a dozen times, and gets one answer: a set that expires meanwhile ends with the next
    // request. What is issued until then admits nobody.
    private readonly Dictionary<string, (Client? Client, bool IsUsable)> found = new(StringComparer.Ordinal);

    public override async ValueTask<Client?> FindByClientIdAsync(
        string identifier, CancellationToken cancellationToken = default)
    {
        var (client, isUsable) = await Recall(identifier, cancellationToken);
        return isUsable ? client : null;
    }

    /// <summary>
    /// Whether there is or was a client of this id; anything else that stands for one may be a secret.
    /// </summary>
    public async Task<bool> Knows(string clientId, CancellationToken cancellation) =>
        (await Recall(clientId, cancellation)).Client is not null;

    /// <summary>The set that has ended and whose client has this secret; null if there is none.</summary>
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
        // Nobody's (RFC 6749 appendix A.1), and PostgreSQL cannot be asked for some of them.
        if (!clientId.All(character => character is >= ' ' and <= '~'))
            return null;
        if (memory.TryGetValue(ResourceServers.MemoryKey(clientId), out Client? resourceServer))
            return resourceServer;
        var client = await find(db, clientId, cancellation);
        // A client of the management API that is removed is unknown at once, on every node.
        if (client is { CredentialSetId: null, Management: null })
        {
            db.Entry(client).State = EntityState.Detached;
            memory.Set(ResourceServers.MemoryKey(clientId), client, ResourceServers.MemorySpan);
        }
        return client;
    }

    private static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}
