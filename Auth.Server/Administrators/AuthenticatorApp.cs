using Auth.Server.Data;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using OtpNet;
using QRCoder;

namespace Auth.Server.Administrators;

/// <summary>
/// The authenticator app of an administrator: the secret key that it shares with this server, and the last code used.
/// </summary>
internal sealed class AuthenticatorApp
{
    public required Guid AdministratorId { get; init; }

    public Administrator Administrator { get; init; } = null!;

    /// <summary>The key, encrypted by Data Protection for this administrator only.</summary>
    public required string ProtectedKey { get; init; }

    /// <summary>The time step of the last code accepted. Codes of this step or an earlier one are refused.</summary>
    public required long LastStep { get; init; }

    internal sealed class Configuration : IEntityTypeConfiguration<AuthenticatorApp>
    {
        public void Configure(EntityTypeBuilder<AuthenticatorApp> app)
        {
            app.ToTable("AuthenticatorApps");
            app.HasKey(a => a.AdministratorId);
            app.HasOne(a => a.Administrator).WithOne().HasForeignKey<AuthenticatorApp>(a => a.AdministratorId);
        }
    }
}

/// <summary>
/// A new key to enter into an app, as text and as a QR code. It takes effect when a code proves that the app has it.
/// </summary>
internal sealed record OfferedKey(string Text, string QrCode, string Ticket);

/// <summary>
/// Codes of authenticator apps (RFC 6238): six digits, new every thirty seconds. The codes before and after the current
/// one are accepted too, because clocks differ. A code works once (RFC 6238 §5.2).
/// </summary>
internal sealed class AuthenticatorApps(
    AuthDbContext db, IDataProtectionProvider protection, Tickets tickets, TimeProvider time)
{
    private const string Issuer = "SciLeads";

    // As long as the hash of HMAC-SHA-1 (RFC 4226 §4, R6).
    private const int KeyBytes = 20;
    private static readonly TimeSpan offerLifetime = TimeSpan.FromMinutes(30);
    private static readonly VerificationWindow window = new(previous: 1, future: 1);

    public OfferedKey Offer(SignedIn administrator)
    {
        var key = Base32Encoding.ToString(KeyGeneration.GenerateRandomKey(KeyBytes));
        return Show(administrator, key);
    }

    /// <summary>Offers the same key again, after a wrong code; null if the ticket is not valid.</summary>
    public OfferedKey? OfferAgain(SignedIn administrator, string? ticket) =>
        tickets.Read<string>(PurposeOf(administrator.AdministratorId), ticket) is { } key
            ? Show(administrator, key)
            : null;

    /// <summary>
    /// Stores an offered key, which replaces any other, if the code proves that the app has it. Call within
    /// a transaction.
    /// </summary>
    public async Task<bool> Accept(
        SignedIn administrator, string? ticket, string? code, CancellationToken cancellation)
    {
        var id = administrator.AdministratorId;
        if (tickets.Read<string>(PurposeOf(id), ticket) is not { } key || StepOf(key, code) is not { } step)
            return false;
        await Remove(id, cancellation);
        var protectedKey = Protector(id).Protect(key);
        db.AuthenticatorApps.Add(new() { AdministratorId = id, ProtectedKey = protectedKey, LastStep = step });
        await db.SaveChangesAsync(cancellation);
        return true;
    }

    /// <summary>Accepts a code, once.</summary>
    public async Task<bool> Use(Guid administratorId, string code, CancellationToken cancellation)
    {
        var protectedKey = await db.AuthenticatorApps.Where(app => app.AdministratorId == administratorId)
            .Select(app => app.ProtectedKey).SingleOrDefaultAsync(cancellation);
        return protectedKey is not null
            && StepOf(Protector(administratorId).Unprotect(protectedKey), code) is { } step
            && await db.AuthenticatorApps.Where(app => app.AdministratorId == administratorId && app.LastStep < step)
                .ExecuteUpdateAsync(change => change.SetProperty(app => app.LastStep, step), cancellation) == 1;
    }

    public Task Remove(Guid administratorId, CancellationToken cancellation) =>
        db.AuthenticatorApps.Where(app => app.AdministratorId == administratorId).ExecuteDeleteAsync(cancellation);

    private OfferedKey Show(SignedIn administrator, string key)
    {
        var uri = new OtpUri(OtpType.Totp, key, administrator.Email, Issuer).ToString();
        using var qrCode = QRCodeGenerator.GenerateQrCode(uri, QRCodeGenerator.ECCLevel.M);
        using var svg = new SvgQRCode(qrCode);
        return new(
            string.Join(' ', key.Chunk(4).Select(four => new string(four))),
            svg.GetGraphic(new System.Drawing.Size(200, 200), sizingMode: SvgQRCode.SizingMode.ViewBoxAttribute),
            tickets.Issue(PurposeOf(administrator.AdministratorId), key, offerLifetime));
    }

    /// <summary>The time step of a code; null if the code is wrong.</summary>
    private long? StepOf(string key, string? code) =>
        new Totp(Base32Encoding.ToBytes(key)).VerifyTotp(
            time.GetUtcNow().UtcDateTime, string.Concat((code ?? "").Where(char.IsAsciiDigit)), out var step, window)
            ? step
            : null;

    private IDataProtector Protector(Guid administratorId) =>
        protection.CreateProtector(PurposeOf(administratorId));

    private static string PurposeOf(Guid administratorId) => $"authenticator app {administratorId}";
}

/// <summary>The table of authenticator apps.</summary>
internal static class AuthenticatorAppTables
{
    extension(AuthDbContext db)
    {
        public DbSet<AuthenticatorApp> AuthenticatorApps => db.Set<AuthenticatorApp>();
    }
}
