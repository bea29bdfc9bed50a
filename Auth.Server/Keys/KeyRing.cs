using System.Security.Cryptography;
using Auth.Server.Data;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Server;
using OpenIddict.Validation;

namespace Auth.Server.Keys;

/// <summary>
/// The keys in the database, opened, as OpenIddict sees them. When they change, OpenIddict's options are thrown away
/// and made anew, so nothing needs a restart. A key id begins with a fixed word, so that the JOSE header of every
/// direct JWT, and with it the token's first characters, can be found by secret scanners.
/// </summary>
internal sealed class KeyRing(
    IDataProtectionProvider dataProtection,
    IOptionsMonitorCache<OpenIddictServerOptions> serverOptions,
    IOptionsMonitorCache<OpenIddictValidationOptions> validationOptions,
    TimeProvider time)
    : IConfigureOptions<OpenIddictServerOptions>, IPostConfigureOptions<OpenIddictServerOptions>, IDisposable
{
    private const string SigningKeyPrefix = "scimtok-";
    private readonly IDataProtector protector = dataProtection.CreateProtector("Auth.Server.Keys");
    private readonly SemaphoreSlim oneAtATime = new(1, 1);

    // The key in use comes first in each.
    private volatile Opened[] keys = [];

    /// <summary>
    /// Takes over what is in the database: what is announced, in use or retired now, and nothing else.
    /// </summary>
    public async Task Refresh(AuthDbContext db, CancellationToken cancellation)
    {
        await oneAtATime.WaitAsync(cancellation);
        try
        {
            var rows = await db.Keys.AsNoTracking()
                .Where(key => key.WithdrawnAt == null && key.ForgottenAt == null).ToListAsync(cancellation);
            var now = time.GetUtcNow().UtcDateTime;
            var active = rows.GroupBy(row => row.Use).Select(same => new KeySuccession(same, now).Active).ToHashSet();
            Opened[] found =
            [
                .. rows.OrderByDescending(active.Contains).ThenByDescending(row => row.Number).ThenBy(row => row.Use)
                    .Select(row => keys.FirstOrDefault(key => key.Id == row.Id) ?? Open(row)),
            ];
            if (found.SequenceEqual(keys))
                return;
            keys = found;
            serverOptions.TryRemove(Options.DefaultName);
            validationOptions.TryRemove(Options.DefaultName);
        }
        finally
        {
            oneAtATime.Release();
        }
    }

    /// <summary>A new key of a use, as a row.</summary>
    public ServerKey Create(KeyUse use, int number, DateTime activeFrom)
    {
        var (prefix, material) = use == KeyUse.Signing
            ? (SigningKeyPrefix, NewSigningKey())
            : ("enc-", RandomNumberGenerator.GetBytes(32));
        return new()
        {
            Id = prefix + RandomNumberGenerator.GetHexString(16, lowercase: true),
            Use = use,
            Number = number,
            ProtectedKey = protector.Protect(material),
            CreatedAt = time.GetUtcNow().UtcDateTime,
            ActiveFrom = activeFrom,
        };
    }

    public void Configure(OpenIddictServerOptions options)
    {
        foreach (var key in keys)
        {
            options.SigningCredentials.Add(key.Signing);
            if (key.Encryption is not null)
                options.EncryptionCredentials.Add(key.Encryption);
        }
    }

    /// <summary>OpenIddict uses the first key and accepts all, but has sorted them by rules of its own.</summary>
    public void PostConfigure(string? name, OpenIddictServerOptions options)
    {
        options.SigningCredentials.Clear();
        options.SigningCredentials.AddRange(keys.OrderBy(key => key.Encryption is not null).Select(key => key.Signing));
        options.EncryptionCredentials.Clear();
        options.EncryptionCredentials.AddRange(keys.Select(key => key.Encryption).OfType<EncryptingCredentials>());
    }

    public void Dispose() => oneAtATime.Dispose();

    private static byte[] NewSigningKey()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return key.ExportPkcs8PrivateKey();
    }

    private Opened Open(ServerKey row)
    {
        var material = protector.Unprotect(row.ProtectedKey);
        if (row.Use == KeyUse.Signing)
        {
            // Lives as long as tokens that it signed.
            var key = ECDsa.Create();
            key.ImportPkcs8PrivateKey(material, out _);
            return new(row.Id, new(new ECDsaSecurityKey(key) { KeyId = row.Id }, SecurityAlgorithms.EcdsaSha256), null);
        }

        // What only this server reads, it also signs with a secret: the published keys are for access tokens alone.
        var signature = HKDF.DeriveKey(HashAlgorithmName.SHA256, material, 32, info: "signature"u8.ToArray());
        return new(
            row.Id,
            new(new SymmetricSecurityKey(signature) { KeyId = row.Id }, SecurityAlgorithms.HmacSha256),
            new(
                new SymmetricSecurityKey(material) { KeyId = row.Id },
                SecurityAlgorithms.Aes256KW,
                SecurityAlgorithms.Aes256CbcHmacSha512));
    }

    private sealed record Opened(string Id, SigningCredentials Signing, EncryptingCredentials? Encryption);
}
