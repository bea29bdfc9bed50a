using System.Security.Cryptography;
using Auth.Server.Data;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Server;

namespace Auth.Server.Keys;

/// <summary>
/// The keys in the database, opened, and given to OpenIddict. A key id begins with a fixed word, so that the JOSE header
/// of every direct JWT, and with it the token's first characters, can be found by secret scanners.
/// </summary>
internal sealed class KeyRing(IDataProtectionProvider dataProtection, TimeProvider time)
    : IConfigureOptions<OpenIddictServerOptions>
{
    private const string SigningKeyPrefix = "scimtok-";
    private readonly IDataProtector protector = dataProtection.CreateProtector("Auth.Server.Keys");
    private List<(ServerKey Row, SecurityKey Key)> keys = [];

    /// <summary>Reads the keys, after making those that are missing. Nodes that start at once agree on one of each.</summary>
    public async Task Load(AuthDbContext db, CancellationToken cancellation)
    {
        foreach (var use in Enum.GetValues<KeyUse>())
        {
            if (!await db.Keys.AnyAsync(key => key.Use == use && key.RetiredAt == null, cancellation))
                await Create(db, use, cancellation);
        }

        var rows = await db.Keys.AsNoTracking().OrderByDescending(key => key.CreatedAt).ToListAsync(cancellation);
        keys = [.. rows.Select(row => (row, Open(row)))];
    }

    public void Configure(OpenIddictServerOptions options)
    {
        // The key in use comes first: OpenIddict signs and encrypts with the first and accepts all.
        foreach (var (row, key) in keys.OrderBy(key => key.Row.RetiredAt is not null))
        {
            if (row.Use == KeyUse.Signing)
                options.SigningCredentials.Add(new(key, SecurityAlgorithms.EcdsaSha256));
            else
                options.EncryptionCredentials.Add(
                    new(key, SecurityAlgorithms.Aes256KW, SecurityAlgorithms.Aes256CbcHmacSha512));
        }
    }

    private async Task Create(AuthDbContext db, KeyUse use, CancellationToken cancellation)
    {
        var (id, material) = use == KeyUse.Signing ? NewSigningKey() : NewEncryptionKey();
        var row = new ServerKey
        {
            Id = id,
            Use = use,
            ProtectedKey = protector.Protect(material),
            CreatedAt = time.GetUtcNow().UtcDateTime,
        };
        db.Keys.Add(row);
        try
        {
            await db.SaveChangesAsync(cancellation);
        }
        catch (DbUpdateException)
        {
            // Another node was first, if there is a key now.
            db.Entry(row).State = EntityState.Detached;
            if (!await db.Keys.AnyAsync(key => key.Use == use && key.RetiredAt == null, cancellation))
                throw;
        }
    }

    private static (string Id, byte[] Material) NewSigningKey()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return (SigningKeyPrefix + RandomNumberGenerator.GetHexString(16, lowercase: true), key.ExportPkcs8PrivateKey());
    }

    private static (string Id, byte[] Material) NewEncryptionKey() =>
        ("enc-" + RandomNumberGenerator.GetHexString(16, lowercase: true), RandomNumberGenerator.GetBytes(32));

    private SecurityKey Open(ServerKey row)
    {
        var material = protector.Unprotect(row.ProtectedKey);
        if (row.Use == KeyUse.Encryption)
            return new SymmetricSecurityKey(material) { KeyId = row.Id };
        // Lives as long as the process.
        var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(material, out _);
        return new ECDsaSecurityKey(key) { KeyId = row.Id };
    }
}
