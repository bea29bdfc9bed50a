using System.Security.Cryptography;
using System.Text;
using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Auth.Server.Administrators;

/// <summary>A code that replaces a lost second factor, once. Only its SHA-256 is stored.</summary>
internal sealed class RecoveryCode
{
    public required Guid AdministratorId { get; init; }

    public Administrator Administrator { get; init; } = null!;

    public required string Hash { get; init; }

    internal sealed class Configuration : IEntityTypeConfiguration<RecoveryCode>
    {
        public void Configure(EntityTypeBuilder<RecoveryCode> code)
        {
            code.ToTable("RecoveryCodes");
            code.HasKey(c => new { c.AdministratorId, c.Hash });
            code.HasOne(c => c.Administrator).WithMany().HasForeignKey(c => c.AdministratorId);
        }
    }
}

/// <summary>Ten codes of 80 random bits each, shown only when they are created. Each works once.</summary>
internal sealed class RecoveryCodes(AuthDbContext db)
{
    private const int Count = 10;
    private const int Length = 16;

    // Without characters that look alike.
    private const string Alphabet = "abcdefghijkmnpqrstuvwxyz23456789";

    /// <summary>Creates new codes, which replace the old ones. Call within a transaction.</summary>
    public async Task<IReadOnlyList<string>> Renew(Guid administratorId, CancellationToken cancellation)
    {
        var codes = Enumerable.Range(0, Count).Select(_ => RandomNumberGenerator.GetString(Alphabet, Length)).ToList();
        await Remove(administratorId, cancellation);
        db.RecoveryCodes.AddRange(codes.Select(
            code => new RecoveryCode { AdministratorId = administratorId, Hash = Hash(code) }));
        await db.SaveChangesAsync(cancellation);
        return [.. codes.Select(code => string.Join('-', code.Chunk(4).Select(four => new string(four))))];
    }

    public async Task<bool> Use(Guid administratorId, string code, CancellationToken cancellation)
    {
        var hash = Hash(code);
        return await db.RecoveryCodes.Where(c => c.AdministratorId == administratorId && c.Hash == hash)
            .ExecuteDeleteAsync(cancellation) == 1;
    }

    public Task Remove(Guid administratorId, CancellationToken cancellation) =>
        db.RecoveryCodes.Where(code => code.AdministratorId == administratorId).ExecuteDeleteAsync(cancellation);

    // Ignores hyphens, spaces and letter case.
    private static string Hash(string code) => Convert.ToHexStringLower(SHA256.HashData(
        Encoding.UTF8.GetBytes(string.Concat(code.Where(char.IsLetterOrDigit)).ToLowerInvariant())));
}

/// <summary>The table of recovery codes.</summary>
internal static class RecoveryCodeTables
{
    extension(AuthDbContext db)
    {
        public DbSet<RecoveryCode> RecoveryCodes => db.Set<RecoveryCode>();
    }
}
