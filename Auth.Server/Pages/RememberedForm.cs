using System.Security.Cryptography;
using System.Text;
using Auth.Server.Administrators;
using Auth.Server.Credentials;
using Auth.Server.Data;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Shared.Contracts;

namespace Auth.Server.Pages;

/// <summary>
/// A form that made a credential set, with its secret, for the few minutes in which the same session may send the same form
/// again because its answer was lost. Written in the transaction that made the set.
/// </summary>
internal sealed class RememberedForm
{
    public required Guid SessionId { get; init; }

    /// <summary>SHA-256 of the form's fields, one of which is different each time that the form is shown.</summary>
    public required string Hash { get; init; }

    /// <summary>UTC.</summary>
    public required DateTime At { get; init; }

    public required Guid CredentialSetId { get; init; }

    /// <summary>The client secret or direct JWT, encrypted by Data Protection for this session and form.</summary>
    public required string? ProtectedSecret { get; init; }

    internal sealed class Configuration : IEntityTypeConfiguration<RememberedForm>
    {
        public void Configure(EntityTypeBuilder<RememberedForm> form)
        {
            form.ToTable("RememberedForms");
            form.HasKey(f => new { f.SessionId, f.Hash });
            form.Property(f => f.Hash).HasMaxLength(64);
            form.HasOne<AdministratorSession>().WithMany().HasForeignKey(f => f.SessionId);
            form.HasOne<CredentialSet>().WithMany().HasForeignKey(f => f.CredentialSetId);
        }
    }
}

/// <summary>
/// Makes a credential set once for each form that is shown, however often it is sent: if the answer is lost after the commit,
/// a reload shows the same secret.
/// </summary>
internal sealed class RememberedForms(
    AuthDbContext db, CredentialSets sets, IDataProtectionProvider protection, TimeProvider time)
{
    /// <summary>How long a secret is shown again.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromMinutes(10);

    private DateTime Now => time.GetUtcNow().UtcDateTime;

    /// <summary>Identifies a form by its fields, the token against forged forms aside.</summary>
    public static string HashOf(IFormCollection form)
    {
        var fields = form.Where(field => field.Key != "__RequestVerificationToken")
            .OrderBy(field => field.Key, StringComparer.Ordinal)
            .SelectMany(field => field.Value.Select(value => $"{field.Key.Length} {field.Key} {value?.Length} {value}\n"));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(fields))));
    }

    /// <summary>Makes a set as a form asks, or finds the one that it has made.</summary>
    public async Task<IssuedCredentials> Once(
        SignedIn administrator, string hash, Func<Alongside, Task<IssuedCredentials>> make, CancellationToken cancellation)
    {
        if (await Find(administrator, hash, cancellation) is { } before)
            return before;
        var protector = ProtectorOf(administrator, hash);
        // Its keys are read, or made anew, by a connection of its own: not while this one is the database's writer.
        protector.Protect("");
        IssuedCredentials? meanwhile = null;
        try
        {
            return await make(new(
                async () =>
                {
                    meanwhile = await Find(administrator, hash, cancellation);
                    if (meanwhile is not null)
                        throw new MadeBefore();
                },
                issued => Remember(administrator, hash, issued, protector)));
        }
        catch (MadeBefore)
        {
            return meanwhile!;
        }
    }

    /// <summary>Forgets the secrets that are not shown again any more.</summary>
    public async Task Forget(CancellationToken cancellation)
    {
        var past = Now - Memory;
        await using var write = await db.BeginWrite(cancellation);
        await db.RememberedForms.Where(form => form.At < past).ExecuteDeleteAsync(cancellation);
        await write.Commit(cancellation);
    }

    private async Task<IssuedCredentials?> Find(SignedIn administrator, string hash, CancellationToken cancellation)
    {
        var since = Now - Memory;
        var form = await db.RememberedForms.AsNoTracking().SingleOrDefaultAsync(
            form => form.SessionId == administrator.SessionId && form.Hash == hash && form.At > since, cancellation);
        if (form is null)
            return null;
        // Whoever made it may have died before the nodes had heard of it.
        await sets.Confirm(form.CredentialSetId);
        var set = await db.CredentialSets.AsNoTracking().SingleAsync(set => set.Id == form.CredentialSetId, cancellation);
        // A secret that opens nothing any more is not worth showing: the form is refused as out of date.
        if (!set.IsUsable(Now))
            return null;
        var secret = form.ProtectedSecret is { } kept ? ProtectorOf(administrator, hash).Unprotect(kept) : null;
        var isToken = set.Method == CredentialMethods.DirectJwt;
        return new(set, isToken ? secret : null, isToken ? null : secret);
    }

    private async Task Remember(SignedIn administrator, string hash, IssuedCredentials issued, IDataProtector protector)
    {
        db.RememberedForms.Add(new()
        {
            SessionId = administrator.SessionId,
            Hash = hash,
            At = Now,
            CredentialSetId = issued.Set.Id,
            ProtectedSecret = (issued.Token ?? issued.ClientSecret) is { } secret ? protector.Protect(secret) : null,
        });
        await db.SaveChangesAsync();
    }

    /// <summary>For this session and this form: a row that is copied elsewhere opens nothing.</summary>
    private IDataProtector ProtectorOf(SignedIn administrator, string hash) =>
        protection.CreateProtector(typeof(RememberedForm).FullName!, $"{administrator.SessionId}", hash);

    private sealed class MadeBefore : Exception;
}

/// <summary>Once a minute, secrets that are not shown again any more are forgotten.</summary>
internal sealed class RememberedFormWatch(IServiceScopeFactory scopes, TimeProvider time, ILogger<RememberedFormWatch> log)
    : Watch(TimeSpan.FromMinutes(1), scopes, time, log)
{
    protected override Task Look(IServiceProvider services, CancellationToken cancellation) =>
        services.GetRequiredService<RememberedForms>().Forget(cancellation);
}
