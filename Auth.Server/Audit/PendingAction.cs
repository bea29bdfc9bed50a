using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Shared.Hosting;

namespace Auth.Server.Audit;

/// <summary>
/// An action requested from another system, whose outcome is not known yet. It is recorded before the request and later
/// replaced by an <see cref="AuditEntry"/>, so that there is an entry even if this server stops in between.
/// </summary>
internal sealed class PendingAction
{
    public Guid Id { get; init; } = Guid.CreateVersion7();

    /// <summary>UTC.</summary>
    public required DateTime Time { get; init; }

    public required Guid AccountId { get; init; }

    public required ActorKind ActorKind { get; init; }

    public required string ActorName { get; init; }

    public string? Address { get; init; }

    public string? UserAgent { get; init; }

    public required AuditAction Action { get; init; }

    public required string About { get; init; }

    /// <summary>The entry that replaces it.</summary>
    /// <param name="outcome">What became of the action.</param>
    /// <param name="detail">What was changed, or why the action was refused.</param>
    /// <param name="about">The name of the subject, if it is known by now.</param>
    public AuditEntry ToEntry(AuditOutcome outcome, string? detail, string? about = null) => new()
    {
        Time = Time,
        AccountId = AccountId,
        ActorKind = ActorKind,
        ActorName = ActorName,
        Address = Address,
        UserAgent = UserAgent,
        Action = Action,
        About = about ?? About,
        Outcome = outcome,
        Detail = detail is null ? null : Printable.Of(detail, AuditEntry.LongestDetail),
    };

    internal sealed class Configuration : IEntityTypeConfiguration<PendingAction>
    {
        public void Configure(EntityTypeBuilder<PendingAction> action)
        {
            action.ToTable("PendingActions");
            action.Property(a => a.Id).ValueGeneratedNever();
            action.Property(a => a.ActorKind).HasConversion<string>().HasMaxLength(20);
            action.Property(a => a.Action).HasConversion<string>().HasMaxLength(50);
        }
    }
}

/// <summary>
/// Records actions that another system carries out. A transaction cannot span both systems, so the intention is
/// recorded first and the outcome afterwards, even if the caller has cancelled the request.
/// </summary>
internal sealed class PendingActions(AuthDbContext db, TimeProvider time)
{
    /// <summary>
    /// An action that has been pending for this long is no longer in progress, as no call takes a minute.
    /// </summary>
    public static readonly TimeSpan Abandoned = TimeSpan.FromMinutes(2);

    private const int AtOnce = 100;

    /// <summary>Carries out an action on another system. Exactly one entry records the outcome.</summary>
    /// <param name="actor">Who acts.</param>
    /// <param name="action">What is done.</param>
    /// <param name="account">The account concerned.</param>
    /// <param name="about">The subject of the action.</param>
    /// <param name="detail">What the entry says if the action is carried out.</param>
    /// <param name="act">Carries it out, and returns the name of the subject.</param>
    /// <exception cref="ProblemException">
    /// The action was refused, or, with <see cref="ProblemException.IsOutcomeUnknown"/>, its outcome is unknown.
    /// </exception>
    public Task Record(
        Actor actor, AuditAction action, Guid account, string about, string? detail, Func<Task<string>> act) =>
        CarryOut(actor, action, account, about, detail, _ => act());

    /// <summary>
    /// Carries out an action that must take less than <see cref="Abandoned"/>, unless the same one is in progress for
    /// the account on any node: then it is refused (409). Of two that begin at the same moment, both may be refused.
    /// </summary>
    public Task RecordAlone(
        Actor actor, AuditAction action, Guid account, string about, string inProgress, Func<Task<string>> act) =>
        CarryOut(actor, action, account, about, detail: null, async pending =>
        {
            var since = pending.Time - Abandoned;
            return await db.PendingActions.AnyAsync(other => other.Id != pending.Id
                && other.AccountId == account && other.Action == action && other.Time > since)
                ? throw ProblemException.Conflict(inProgress)
                : await act();
        });

    private async Task CarryOut(
        Actor actor,
        AuditAction action,
        Guid account,
        string about,
        string? detail,
        Func<PendingAction, Task<string>> act)
    {
        var pending = new PendingAction
        {
            Time = time.GetUtcNow().UtcDateTime,
            AccountId = account,
            ActorKind = actor.Kind,
            ActorName = actor.Name,
            Address = actor.Address,
            UserAgent = actor.UserAgent,
            Action = action,
            About = about,
        };
        db.Add(pending);
        await db.SaveChangesAsync(CancellationToken.None);
        db.ChangeTracker.Clear();
        string name;
        try
        {
            name = await act(pending);
        }
        catch (ProblemException problem)
        {
            await Close(
                pending, problem.IsOutcomeUnknown ? AuditOutcome.Unknown : AuditOutcome.Refused, problem.Message,
                name: null, CancellationToken.None);
            throw;
        }

        await Close(pending, AuditOutcome.Done, detail, name, CancellationToken.None);
    }

    /// <summary>
    /// Writes entries for actions whose outcome will never be reported, because the server
    /// stopped or lost its database.
    /// </summary>
    public async Task CloseAbandoned(CancellationToken cancellation)
    {
        var before = time.GetUtcNow().UtcDateTime - Abandoned;
        var abandoned = await db.PendingActions.AsNoTracking().Where(pending => pending.Time < before)
            .OrderBy(pending => pending.Time).Take(AtOnce).ToListAsync(cancellation);
        foreach (var pending in abandoned)
        {
            await Close(
                pending,
                AuditOutcome.Unknown,
                "The server stopped, or could not reach its database, before the outcome was recorded. The change may "
                + "have been made.",
                name: null,
                cancellation);
        }
    }

    /// <summary>
    /// Replaces a pending action by an entry. If several callers do so at the same time, only one succeeds.
    /// </summary>
    private async Task Close(
        PendingAction pending, AuditOutcome outcome, string? detail, string? name, CancellationToken cancellation)
    {
        await using var write = await db.BeginWrite(cancellation);
        if (await db.PendingActions.Where(other => other.Id == pending.Id).ExecuteDeleteAsync(cancellation) == 0)
            return;
        db.AuditEntries.Add(pending.ToEntry(outcome, detail, name));
        await db.SaveChangesAsync(cancellation);
        await write.Commit(cancellation);
    }
}

/// <summary>Closes abandoned actions once a minute.</summary>
internal sealed class PendingActionWatch(
    IServiceScopeFactory scopes, TimeProvider time, ILogger<PendingActionWatch> log)
    : PeriodicTask(TimeSpan.FromMinutes(1), scopes, time, log)
{
    protected override Task Run(IServiceProvider services, CancellationToken cancellation) =>
        services.GetRequiredService<PendingActions>().CloseAbandoned(cancellation);
}

/// <summary>The table of pending actions.</summary>
internal static class PendingActionTables
{
    extension(AuthDbContext db)
    {
        public DbSet<PendingAction> PendingActions => db.Set<PendingAction>();
    }
}
