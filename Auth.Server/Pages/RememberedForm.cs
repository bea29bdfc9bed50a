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
/// A form that generated a credential set, with the secret, stored for the few minutes in which the same session can
/// send the form again, because the response was lost. It is written in the transaction that generates the set.
/// </summary>
internal sealed class RememberedForm
{
    public required Guid SessionId { get; init; }

    /// <summary>SHA-256 of the form's fields. One of them has a new value each time that the form is shown.</summary>
    public required string Hash { get; init; }

    /// <summary>When the form was sent, UTC.</summary>
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
/// Generates a credential set once for each form that is shown, however often it is sent. If the response is lost after
/// the commit, a reload shows the same secret.
/// </summary>
internal sealed class RememberedForms(
    AuthDbContext db, CredentialSets sets, RepeatableRequests requests, TimeProvider time)
{
    private DateTime Oldest => time.GetUtcNow().UtcDateTime - RepeatableRequests.SecretMemory;

    /// <summary>Identifies a form by its fields, without the antiforgery token.</summary>
    public static string HashOf(IFormCollection form)
    {
        var fields = form.Where(field => field.Key != "__RequestVerificationToken")
            .OrderBy(field => field.Key, StringComparer.Ordinal)
            .SelectMany(
                field => field.Value.Select(value => $"{field.Key.Length} {field.Key} {value?.Length} {value}\n"));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(fields))));
    }

    /// <summary>Generates the set that a form asks for, or returns the one that it has generated before.</summary>
    public Task<IssuedCredentials> Once(
        SignedIn administrator,
        string hash,
        Func<Idempotency, Task<Completed<IssuedCredentials>>> generate,
        CancellationToken cancellation)
    {
        var secret = requests.SecretOf<RememberedForm>(administrator.SessionId, hash);
        return requests.Once(
            secret,
            () => Find(administrator, hash, cancellation),
            form => Repeat(form, secret),
            async once => (await generate(once)).Result,
            (issued, _) => Remember(administrator, hash, issued, secret));
    }

    /// <summary>What a form has generated, while it can be shown; null if there is nothing.</summary>
    public async Task<IssuedCredentials?> Recall(
        SignedIn administrator, string hash, CancellationToken cancellation) =>
        await Find(administrator, hash, cancellation) is { } form
            ? await Repeat(form, requests.SecretOf<RememberedForm>(administrator.SessionId, hash))
            : null;

    /// <summary>Deletes secrets that are no longer shown.</summary>
    public async Task Forget(CancellationToken cancellation)
    {
        var oldest = Oldest;
        await using var write = await db.BeginWrite(cancellation);
        await db.RememberedForms.Where(form => form.At < oldest).ExecuteDeleteAsync(cancellation);
        await write.Commit(cancellation);
    }

    /// <summary>
    /// The form, if its set is still usable. The secret of an ended set is not shown; the form is then refused as
    /// out of date.
    /// </summary>
    private async Task<RememberedForm?> Find(SignedIn administrator, string hash, CancellationToken cancellation)
    {
        var oldest = Oldest;
        var form = await db.RememberedForms.AsNoTracking().SingleOrDefaultAsync(
            form => form.SessionId == administrator.SessionId && form.Hash == hash && form.At > oldest, cancellation);
        return form is not null && (await SetOf(form)).IsUsable(time.GetUtcNow().UtcDateTime) ? form : null;
    }

    private async Task<IssuedCredentials> Repeat(RememberedForm form, RememberedSecret secret)
    {
        // The server may have crashed before the nodes confirmed that the previous set has ended.
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

/// <summary>Deletes secrets that are no longer shown, once a minute.</summary>
internal sealed class RememberedFormWatch(
    IServiceScopeFactory scopes, TimeProvider time, ILogger<RememberedFormWatch> log)
    : PeriodicTask(TimeSpan.FromMinutes(1), scopes, time, log)
{
    protected override Task Run(IServiceProvider services, CancellationToken cancellation) =>
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
