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
/// Provides OpenIddict with the decrypted keys from the database. When they change, OpenIddict's cached options are
/// dropped and rebuilt, so no restart is needed. Key ids have a fixed prefix, so that secret scanners can recognise a
/// direct JWT by its JOSE header, the first characters of the token.
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

    // The active key of each use comes first.
    private volatile Opened[] keys = [];

    /// <summary>Loads the announced, active and retired keys from the database, and drops all others.</summary>
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

    /// <summary>Creates a new key as a row; the caller saves it.</summary>
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

    /// <summary>
    /// Restores our order: OpenIddict uses the first key and accepts all, but sorts them by its own rules.
    /// </summary>
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
            // Not disposed of, as it is used as long as there are tokens that it signed.
            var key = ECDsa.Create();
            key.ImportPkcs8PrivateKey(material, out _);
            return new(row.Id, new(new ECDsaSecurityKey(key) { KeyId = row.Id }, SecurityAlgorithms.EcdsaSha256), null);
        }

        // Tokens that only this server reads are signed with a symmetric key; the published keys
        // are only for access tokens.
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
