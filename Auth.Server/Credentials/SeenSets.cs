using System.Linq.Expressions;
using Auth.Server.Accounts;
using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Credentials;

/// <summary>
/// What every transition begins with: it locks the account, and insists that what its caller saw is still so. If not, the
/// caller hears who changed it and when.
/// </summary>
internal sealed class SeenSets(AuthDbContext db, CredentialHistory history)
{
    /// <summary>Until the transaction ends, nobody else changes the account's sets.</summary>
    /// <exception cref="ProblemException">There is no such account (404).</exception>
    public async Task LockRow(Guid accountId, CancellationToken cancellation, Alongside? alongside = null)
    {
        // An update that changes nothing locks the row on PostgreSQL; on SQLite the transaction already is the one writer.
        var locked = await db.Accounts.Where(account => account.Id == accountId).ExecuteUpdateAsync(
            set => set.SetProperty(account => account.LastGeneration, account => account.LastGeneration), cancellation);
        if (locked == 0)
            throw ProblemException.NotFound($"There is no account {accountId}.");
        if (alongside is not null)
            await alongside.First();
    }

    /// <summary>The same for many accounts. They are locked in one order by one statement; nobody else locks two.</summary>
    public Task LockRows(Expression<Func<Account, bool>> which, CancellationToken cancellation) =>
        db.Accounts.Where(which).ExecuteUpdateAsync(
            set => set.SetProperty(account => account.LastGeneration, account => account.LastGeneration), cancellation);

    /// <summary>The same, for what only an account that provisions may do.</summary>
    /// <exception cref="ProblemException">SCIM is not enabled (403), or there is no such account (404).</exception>
    public async Task<Account> LockAccount(
        Guid accountId, CancellationToken cancellation, Alongside? alongside = null)
    {
        await LockRow(accountId, cancellation, alongside);
        var account = await db.Accounts.AsNoTracking().SingleAsync(account => account.Id == accountId, cancellation);
        return account.AllowsScim ? account : throw ProblemException.Forbidden(
            $"SCIM provisioning is not enabled for {account.Name}. Write to support@scileads.com to have it enabled.");
    }

    /// <exception cref="ProblemException">Another set than the one that the caller saw is active, or none (409).</exception>
    public async Task RequireActive(Guid accountId, Guid? seen, CancellationToken cancellation)
    {
        var current = await history.FindActive(accountId, cancellation);
        if (current?.Id == seen)
            return;
        throw current is null
            ? await NoLonger("active", accountId, seen!.Value, cancellation)
            : ProblemException.Conflict(
                $"{current.ActivatedBy} {(current.Activation is null ? "generated new" : "activated staged")} credentials "
                + $"{At(current.ActivatedAt!.Value)}. They are active, and nothing was changed now.");
    }

    /// <summary>Why the set that a caller saw cannot be meant any more.</summary>
    public async Task<ProblemException> NoLonger(
        string state, Guid accountId, Guid seen, CancellationToken cancellation)
    {
        var set = await history.Find(accountId, seen, cancellation);
        return ProblemException.Conflict(set switch
        {
            { EndedAt: { } endedAt } => $"{set.EndedBy} ended these credentials {At(endedAt)}. Nothing was changed now.",
            { State: CredentialSetState.Active, ActivatedAt: { } activatedAt } =>
                $"{set.ActivatedBy} activated these credentials {At(activatedAt)}. Nothing was changed now.",
            _ => $"These credentials are not the account's {state} ones. Nothing was changed now.",
        });
    }

    /// <summary>A time, in the middle of a sentence.</summary>
    public static string At(DateTime utc) => $"on {utc:yyyy-MM-dd} at {utc:HH:mm:ss} UTC";
}
