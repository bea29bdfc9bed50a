using System.Security.Cryptography;
using System.Text;
using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using OpenIddict.Abstractions;
using OpenIddict.Core;

namespace Auth.Server.Connect;

/// <summary>
/// OpenIddict's clients under the rule above all: the client of a credential set that is not live is an unknown client, at
/// every endpoint. Secrets are 256 random bits, so a plain SHA-256 keeps them.
/// </summary>
internal sealed class ClientManager(
    IOpenIddictApplicationCache<Client> cache,
    ILogger<ClientManager> logger,
    IOptionsMonitor<OpenIddictCoreOptions> options,
    IOpenIddictApplicationStore<Client> store,
    AuthDbContext db,
    TimeProvider time) : OpenIddictApplicationManager<Client>(cache, logger, options, store)
{
    private const string Sha256Prefix = "sha256.";

    public override async ValueTask<Client?> FindByClientIdAsync(
        string identifier, CancellationToken cancellationToken = default)
    {
        var client = await base.FindByClientIdAsync(identifier, cancellationToken);
        if (client?.CredentialSetId is not { } setId)
            return client;
        var set = await db.CredentialSets.AsNoTracking().SingleAsync(set => set.Id == setId, cancellationToken);
        return set.IsLive(time.GetUtcNow().UtcDateTime) ? client : null;
    }

    protected override ValueTask<string> ObfuscateClientSecretAsync(
        string secret, CancellationToken cancellationToken = default) =>
        new(Sha256Prefix + Convert.ToBase64String(Hash(secret)));

    protected override ValueTask<bool> ValidateClientSecretAsync(
        string secret, string comparand, CancellationToken cancellationToken = default) =>
        new(comparand.StartsWith(Sha256Prefix, StringComparison.Ordinal)
            && CryptographicOperations.FixedTimeEquals(
                Hash(secret), Convert.FromBase64String(comparand[Sha256Prefix.Length..])));

    private static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}
