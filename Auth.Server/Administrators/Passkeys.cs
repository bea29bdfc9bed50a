using System.Security.Cryptography;
using System.Text;
using Auth.Server.Data;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Shared.Hosting.Data;

namespace Auth.Server.Administrators;

/// <summary>
/// A challenge that was answered. It is remembered until its ticket expires, so that the answer works once.
/// </summary>
internal sealed class UsedChallenge
{
    public required string Hash { get; init; }

    public required DateTime ExpiresAt { get; init; }

    internal sealed class Configuration : IEntityTypeConfiguration<UsedChallenge>
    {
        public void Configure(EntityTypeBuilder<UsedChallenge> challenge)
        {
            challenge.ToTable("UsedChallenges");
            challenge.HasKey(c => c.Hash);
        }
    }
}

/// <summary>
/// Identity's passkeys as its own third schema has them, which it takes only from contexts that have options.
/// </summary>
internal sealed class PasskeyConfiguration : IEntityTypeConfiguration<IdentityUserPasskey<Guid>>
{
    // WebAuthn's limit is 1023.
    private const int MaxIdLength = 1024;

    public void Configure(EntityTypeBuilder<IdentityUserPasskey<Guid>> passkey)
    {
        passkey.ToTable("AspNetUserPasskeys");
        passkey.HasKey(p => p.CredentialId);
        passkey.Property(p => p.CredentialId).HasMaxLength(MaxIdLength);
        passkey.OwnsOne(p => p.Data).ToJson();
        passkey.HasOne<Administrator>().WithMany().HasForeignKey(p => p.UserId);
    }
}

/// <summary>
/// What a browser is asked (WebAuthn's options as JSON), and the ticket that comes back with the answer.
/// </summary>
internal sealed record PasskeyRequest(string Options, string Ticket);

/// <summary>
/// Passkeys (W3C WebAuthn): made for the portal's address, so that no other site can ask for one, and given by a device
/// only after it has verified its user by PIN or finger. A passkey alone is two factors.
/// </summary>
internal sealed class Passkeys(
    AuthDbContext db,
    UserManager<Administrator> administrators,
    IPasskeyHandler<Administrator> handler,
    Tickets tickets,
    TimeProvider time)
{
    public const int MaxNameLength = 60;

    private const string ToRegister = "passkey to register";
    private const string ToSignIn = "passkey to sign in";
    private static readonly TimeSpan lifetime = TimeSpan.FromMinutes(15);

    public Task<IList<UserPasskeyInfo>> List(Administrator administrator) =>
        administrators.GetPasskeysAsync(administrator);

    public async Task<PasskeyRequest> RequestNew(Administrator administrator, HttpContext http)
    {
        var (id, email) = (administrator.Id.ToString(), administrator.Email!);
        var made = await handler.MakeCreationOptionsAsync(new() { Id = id, Name = email, DisplayName = email }, http);
        return new(made.CreationOptionsJson, tickets.Issue(ToRegister, made.AttestationState!, lifetime));
    }

    /// <exception cref="ProblemException">The answer is not one to what this administrator was asked.</exception>
    public async Task Register(
        Administrator administrator, string? name, string? ticket, string? answer, HttpContext http)
    {
        name = string.Concat((name ?? "").Where(character => !char.IsControl(character))).Trim();
        if (name.Length is 0 or > MaxNameLength)
            throw ProblemException.Invalid($"A passkey's name has 1 to {MaxNameLength} characters.");
        if (tickets.Read<string>(ToRegister, ticket) is not { } state)
            throw ProblemException.Invalid("This page was open for too long. Try again.");
        var result = await handler.PerformAttestationAsync(
            new() { AttestationState = state, CredentialJson = answer ?? "", HttpContext = http });
        ThrowIfOutage(result.Failure);
        if (!result.Succeeded || result.UserEntity.Id != administrator.Id.ToString())
            throw ProblemException.Invalid("Your browser's answer was not valid. Nothing was added; try again.");
        result.Passkey.Name = name;
        AdministratorRegister.ThrowIfFailed(
            await administrators.AddOrUpdatePasskeyAsync(administrator, result.Passkey));
    }

    /// <summary>Removes one. For within a transaction.</summary>
    public Task Remove(Administrator administrator, byte[] id, CancellationToken cancellation) => db.Passkeys
        .Where(passkey => passkey.UserId == administrator.Id && passkey.CredentialId == id)
        .ExecuteDeleteAsync(cancellation);

    /// <summary>Asks for a passkey of an administrator, or of whoever is there.</summary>
    public async Task<PasskeyRequest> Request(Administrator? administrator, HttpContext http)
    {
        // The handler takes null for "whoever is there", but does not say so.
        var made = await handler.MakeRequestOptionsAsync(administrator!, http);
        return new(made.RequestOptionsJson, tickets.Issue(ToSignIn, made.AssertionState!, lifetime));
    }

    /// <summary>Whose passkey answered; null if none did, or the answer was given before.</summary>
    public async Task<Administrator?> Check(
        string? ticket, string? answer, HttpContext http, CancellationToken cancellation)
    {
        if (tickets.Read<string>(ToSignIn, ticket) is not { } state)
            return null;
        var result = await handler.PerformAssertionAsync(
            new() { AssertionState = state, CredentialJson = answer ?? "", HttpContext = http });
        ThrowIfOutage(result.Failure);
        if (!result.Succeeded || !await IsFirstAnswer(state, cancellation))
            return null;
        // Keeps the device's counter, by which a copy of the device would give itself away.
        var kept = await administrators.AddOrUpdatePasskeyAsync(result.User, result.Passkey);
        return kept.Succeeded ? result.User : null;
    }

    /// <summary>Identity calls every exception a failure of the answer, also that the database is out.</summary>
    private static void ThrowIfOutage(PasskeyException? failure)
    {
        if (DatabaseOutage.IsCauseOf(failure))
            throw failure!;
    }

    private async Task<bool> IsFirstAnswer(string state, CancellationToken cancellation)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(state)));
        var expiresAt = time.GetUtcNow().UtcDateTime + lifetime;
        await using var transaction = await db.BeginWrite(cancellation);
        var written = await db.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO "UsedChallenges" ("Hash", "ExpiresAt") VALUES ({hash}, {expiresAt}) ON CONFLICT DO NOTHING
            """,
            cancellation);
        await transaction.Commit(cancellation);
        return written == 1;
    }
}

/// <summary>The tables of passkeys and of the challenges they answered.</summary>
internal static class PasskeyTables
{
    extension(AuthDbContext db)
    {
        public DbSet<IdentityUserPasskey<Guid>> Passkeys => db.Set<IdentityUserPasskey<Guid>>();

        public DbSet<UsedChallenge> UsedChallenges => db.Set<UsedChallenge>();
    }
}
