using Auth.Server.Audit;
using Auth.Server.Data;
using Auth.Server.Events;
using Microsoft.EntityFrameworkCore;
using Barrier = Auth.Server.Events.Barrier;

namespace Auth.Server.Operations;

/// <summary>
/// Runs the operations of operators, administrators and programs. Each operation is one transaction, including its
/// entry in the audit trail; a refused operation leaves only an entry. An operation that ends access returns only when
/// it is ended on every node of <c>Scim.Api</c>, and says which nodes have confirmed that.
/// </summary>
internal sealed class Operation(AuthDbContext db, EventLog events, Barrier barrier, AuditTrail audit, TimeProvider time)
{
    /// <summary>Runs an operation, and waits until every node has applied the events that it published.</summary>
    /// <param name="actor">Who asks for the operation.</param>
    /// <param name="action">The action in the audit trail.</param>
    /// <param name="account">The account that it concerns, if it is already known.</param>
    /// <param name="act">Carries out the operation, in the transaction.</param>
    /// <param name="cancellation">Cancels the operation, but not the wait after its commit.</param>
    /// <exception cref="ProblemException">The operation was refused. Nothing was changed.</exception>
    public async Task<Completed<T>> Run<T>(
        Actor actor, AuditAction action, Guid? account, Func<UnitOfWork, Task<T>> act, CancellationToken cancellation)
    {
        var (result, lastEvent) = await Commit(actor, action, account, act, cancellation);
        return new(result, lastEvent is { } number ? await barrier.Wait(number) : null);
    }

    /// <inheritdoc cref="Run{T}"/>
    public async Task<Confirmation?> Run(
        Actor actor, AuditAction action, Guid? account, Func<UnitOfWork, Task> act, CancellationToken cancellation)
    {
        var completed = await Run(
            actor,
            action,
            account,
            async work =>
            {
                await act(work);
                return true;
            },
            cancellation);
        return completed.Confirmation;
    }

    /// <summary>
    /// Runs an operation without waiting for the nodes. The caller can wait once for many operations, as
    /// nodes apply events in order.
    /// </summary>
    public async Task<Committed<T>> Commit<T>(
        Actor actor, AuditAction action, Guid? account, Func<UnitOfWork, Task<T>> act, CancellationToken cancellation)
    {
        var work = new UnitOfWork(actor, audit.NewEntry(actor, action, account), events, time);
        try
        {
            return await Commit(work, act, cancellation);
        }
        // Each operation checks before it writes. If two check at the same moment, a unique index refuses one.
        catch (DbUpdateException error) when (Conflicts.IsDuplicate(error))
        {
            ProblemException refusal = new(
                StatusCodes.Status409Conflict,
                "Somebody else did the same at the same moment. Nothing was changed; check the current state.",
                error);
            await Refuse(work, refusal);
            throw refusal;
        }
        catch (ProblemException refusal)
        {
            await Refuse(work, refusal);
            throw;
        }
    }

    /// <summary>
    /// Computes what takes too long to do inside the operation's transaction. A refusal leaves an audit entry.
    /// </summary>
    public async Task<T> Prepare<T>(Actor actor, AuditAction action, Guid? account, string about, Func<Task<T>> prepare)
    {
        try
        {
            return await prepare();
        }
        catch (ProblemException refusal)
        {
            await audit.Refused(actor, action, account, refusal.Message, about);
            refusal.IsAudited = true;
            throw;
        }
    }

    private async Task<Committed<T>> Commit<T>(
        UnitOfWork work, Func<UnitOfWork, Task<T>> act, CancellationToken cancellation)
    {
        await using var transaction = await db.BeginWrite(cancellation);
        var result = await act(work);
        if (work.WritesAuditEntry)
            await audit.Save([work.Entry]);
        await audit.Save(work.Consequences);
        await transaction.Commit(cancellation);
        return new(result, work.LastEvent);
    }

    private async Task Refuse(UnitOfWork work, ProblemException refusal)
    {
        await audit.Refuse(work.Entry, refusal.Message);
        refusal.IsAudited = true;
    }
}

/// <summary>An operation that is complete on every node.</summary>
/// <param name="Result">What it returned.</param>
/// <param name="Confirmation">Which nodes have confirmed it; null if it published no event.</param>
internal sealed record Completed<T>(T Result, Confirmation? Confirmation);

/// <summary>An operation that is committed, but that the nodes may not have applied yet.</summary>
/// <param name="Result">What it returned.</param>
/// <param name="LastEvent">The number of the last event that it published; null if it published none.</param>
internal sealed record Committed<T>(T Result, long? LastEvent);
