using System.Security.Cryptography;
using System.Text;
using Auth.Server.Data;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Shared.Hosting.Data;

namespace Auth.Server.Administrators;

/// <summary>
/// A challenge that has been answered. It is stored until its ticket expires, so that the answer works once.
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
/// The table of Identity's passkeys, as in version 3 of its schema, which Identity itself configures only in a
/// <c>DbContext</c> with options.
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

/// <summary>The WebAuthn options for the browser, as JSON, and the ticket that comes back with its answer.</summary>
internal sealed record PasskeyRequest(string Options, string Ticket);

/// <summary>
/// Passkeys (W3C WebAuthn). They are bound to the portal's address, so no other site can use them, and a device uses
/// one only after it has verified its user by PIN or biometrics. So a passkey alone counts as two factors.
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
        var created = await handler.MakeCreationOptionsAsync(
            new() { Id = id, Name = email, DisplayName = email }, http);
        return new(created.CreationOptionsJson, tickets.Issue(ToRegister, created.AttestationState!, lifetime));
    }

    /// <exception cref="ProblemException">The answer does not belong to this administrator's request (400).</exception>
    public async Task Register(
        Administrator administrator, string? name, string? ticket, string? answer, HttpContext http)
    {
        name = string.Concat((name ?? "").Where(character => !char.IsControl(character))).Trim();
        if (name.Length is 0 or > MaxNameLength)
            throw ProblemException.Invalid($"The name of a passkey must have 1 to {MaxNameLength} characters.");
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

    /// <summary>Removes a passkey. Call within a transaction.</summary>
    public Task Remove(Administrator administrator, byte[] id, CancellationToken cancellation) => db.Passkeys
        .Where(passkey => passkey.UserId == administrator.Id && passkey.CredentialId == id)
        .ExecuteDeleteAsync(cancellation);

    /// <summary>Requests a passkey of an administrator, or, if null, of anyone.</summary>
    public async Task<PasskeyRequest> Request(Administrator? administrator, HttpContext http)
    {
        // The handler accepts null for anyone, although its signature does not say so.
        var created = await handler.MakeRequestOptionsAsync(administrator!, http);
        return new(created.RequestOptionsJson, tickets.Issue(ToSignIn, created.AssertionState!, lifetime));
    }

    /// <summary>Whose passkey answered; null if the answer is not valid or was used before.</summary>
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
        // Saves the device's signature counter, which reveals a cloned device.
        var kept = await administrators.AddOrUpdatePasskeyAsync(result.User, result.Passkey);
        return kept.Succeeded ? result.User : null;
    }

    /// <summary>Identity reports every exception as an invalid answer, even a database outage.</summary>
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

/// <summary>The tables of passkeys and of used challenges.</summary>
internal static class PasskeyTables
{
    extension(AuthDbContext db)
    {
        public DbSet<IdentityUserPasskey<Guid>> Passkeys => db.Set<IdentityUserPasskey<Guid>>();

        public DbSet<UsedChallenge> UsedChallenges => db.Set<UsedChallenge>();
    }
}
