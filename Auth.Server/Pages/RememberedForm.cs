using System.Security.Cryptography;
using System.Text;
using Auth.Server.Administrators;
using Auth.Server.Credentials;
using Auth.Server.Data;
using Auth.Server.Operations;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Shared.Hosting;

namespace Auth.Server.Pages;

/// <summary>
/// A form that made a credential set, with its secret, for the few minutes in which the same session may send the same
/// form again because its answer was lost. Written in the transaction that made the set.
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
/// Makes a credential set once for each form that is shown, however often it is sent: if the answer is lost after the
/// commit, a reload shows the same secret.
/// </summary>
internal sealed class RememberedForms(
    AuthDbContext db, CredentialSets sets, RepeatableRequests requests, TimeProvider time)
{
    private DateTime Oldest => time.GetUtcNow().UtcDateTime - RepeatableRequests.SecretMemory;

    /// <summary>Identifies a form by its fields, the token against forged forms aside.</summary>
    public static string HashOf(IFormCollection form)
    {
        var fields = form.Where(field => field.Key != "__RequestVerificationToken")
            .OrderBy(field => field.Key, StringComparer.Ordinal)
            .SelectMany(
                field => field.Value.Select(value => $"{field.Key.Length} {field.Key} {value?.Length} {value}\n"));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(fields))));
    }

    /// <summary>Makes a set as a form asks, or finds the one that it has made.</summary>
    public Task<IssuedCredentials> Once(
        SignedIn administrator,
        string hash,
        Func<Idempotency, Task<Completed<IssuedCredentials>>> make,
        CancellationToken cancellation)
    {
        var secret = requests.SecretOf<RememberedForm>(administrator.SessionId, hash);
        return requests.Once(
            secret,
            () => Find(administrator, hash, cancellation),
            form => Again(form, secret),
            async once => (await make(once)).Result,
            (issued, _) => Remember(administrator, hash, issued, secret));
    }

    /// <summary>Forgets the secrets that are not shown again any more.</summary>
    public async Task Forget(CancellationToken cancellation)
    {
        var oldest = Oldest;
        await using var write = await db.BeginWrite(cancellation);
        await db.RememberedForms.Where(form => form.At < oldest).ExecuteDeleteAsync(cancellation);
        await write.Commit(cancellation);
    }

    /// <summary>
    /// The form, if its set is good. A secret that opens nothing any more is not worth showing: the form is then
    /// refused as out of date.
    /// </summary>
    private async Task<RememberedForm?> Find(SignedIn administrator, string hash, CancellationToken cancellation)
    {
        var oldest = Oldest;
        var form = await db.RememberedForms.AsNoTracking().SingleOrDefaultAsync(
            form => form.SessionId == administrator.SessionId && form.Hash == hash && form.At > oldest, cancellation);
        return form is not null && (await SetOf(form)).IsUsable(time.GetUtcNow().UtcDateTime) ? form : null;
    }

    private async Task<IssuedCredentials> Again(RememberedForm form, RememberedSecret secret)
    {
        // Whoever made it may have died before the nodes had heard of it.
        await sets.Confirm(form.CredentialSetId);
        return secret.Restore(await SetOf(form), form.ProtectedSecret);
    }

    private async Task Remember(SignedIn administrator, string hash, IssuedCredentials issued, RememberedSecret secret)
    {
        db.RememberedForms.Add(new()
        {
            SessionId = administrator.SessionId,
            Hash = hash,
            At = time.GetUtcNow().UtcDateTime,
            CredentialSetId = issued.Set.Id,
            ProtectedSecret = secret.Protect(issued),
        });
        await db.SaveChangesAsync();
    }

    private Task<CredentialSet> SetOf(RememberedForm form) =>
        db.CredentialSets.AsNoTracking().SingleAsync(set => set.Id == form.CredentialSetId);
}

/// <summary>Once a minute, secrets that are not shown again any more are forgotten.</summary>
internal sealed class RememberedFormWatch(
    IServiceScopeFactory scopes, TimeProvider time, ILogger<RememberedFormWatch> log)
    : Watch(TimeSpan.FromMinutes(1), scopes, time, log)
{
    protected override Task Look(IServiceProvider services, CancellationToken cancellation) =>
        services.GetRequiredService<RememberedForms>().Forget(cancellation);
}

/// <summary>The table of remembered forms.</summary>
internal static class RememberedFormTables
{
    extension(AuthDbContext db)
    {
        public DbSet<RememberedForm> RememberedForms => db.Set<RememberedForm>();
    }
}
