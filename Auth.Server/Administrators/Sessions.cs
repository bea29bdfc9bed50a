using Auth.Server.Accounts;
using Auth.Server.Audit;
using Auth.Server.Data;
using Auth.Server.Operations;
using Microsoft.EntityFrameworkCore;
using Shared.Contracts;

namespace Auth.Server.Administrators;

/// <summary>
/// The sessions of administrators and operators. A session begins with a sign-in. It ends when its owner or an operator
/// ends it, when the password or the second factors change, or when it expires. Its tokens end with it.
/// </summary>
internal sealed class Sessions(AuthDbContext db, Operation operation, TimeProvider time)
{
    private DateTime Now => time.GetUtcNow().UtcDateTime;

    /// <summary>
    /// Begins a session. A change of the password, a reset of the second factors or the removal of the administrator is
    /// committed either before this transaction, or after it and then ends the session.
    /// </summary>
    /// <returns>
    /// The session; null if such a change was committed after the administrator was read, or if the visitor is at the
    /// other site: operators sign in only to the console, and administrators only to the portal.
    /// </returns>
    public async Task<AdministratorSession?> Begin(
        Administrator administrator, Visitor visitor, CancellationToken cancellation)
    {
        if (Site.Of(administrator.AccountId) != visitor.Site)
            return null;
        var session = NewSession(
            administrator, administrator.AccountId, visitor, Now + AdministratorSession.Lifetime);
        var begun = await operation.Run(
            visitor.ToActor(administrator.Email!),
            AuditAction.SignIn,
            administrator.AccountId,
            async work =>
            {
                if (!await Lock(administrator, cancellation))
                {
                    work.SkipAuditEntry();
                    return null;
                }
                db.Sessions.Add(session);
                return session;
            },
            cancellation);
        return begun.Result;
    }

    /// <summary>
    /// Lets an operator look at an account's portal: begins a session for it, which ends when the operator leaves the
    /// console, and expires when the operator's own session does.
    /// </summary>
    /// <exception cref="ProblemException">
    /// There is no such account (404), or the operator's session has just ended (403).
    /// </exception>
    public async Task<AdministratorSession> BeginView(
        SignedIn by, Guid accountId, Visitor visitor, CancellationToken cancellation) => (await operation.Run(
        visitor.ToActor(by.Email),
        AuditAction.ViewAccount,
        accountId,
        async work =>
        {
            work.Entry.About = await db.Accounts.Where(account => account.Id == accountId)
                .Select(account => account.Name).SingleOrDefaultAsync(cancellation)
                ?? throw ProblemException.NotFound($"There is no account {accountId}.");
            // Whatever ends the operator's sessions locks the row, too.
            await db.LockAdministrator(by.AdministratorId, cancellation);
            var own = await Live(by.AdministratorId).Include(session => session.Administrator)
                .SingleOrDefaultAsync(session => session.Id == by.SessionId, cancellation)
                ?? throw ProblemException.Forbidden("Your session has just ended. Sign in again.");
            var view = NewSession(own.Administrator, accountId, visitor, own.ExpiresAt);
            db.Sessions.Add(view);
            return view;
        },
        cancellation)).Result;

    /// <summary>An administrator's live sessions with their accounts, the most recently used first.</summary>
    public Task<List<AdministratorSession>> List(Guid administratorId, CancellationToken cancellation) =>
        Live(administratorId).AsNoTracking().Include(session => session.Account)
            .OrderByDescending(session => session.LastUsedAt).ThenBy(session => session.Id).ToListAsync(cancellation);

    /// <summary>Whether the administrator has proved their identity recently.</summary>
    public Task<bool> IsRecent(SignedIn administrator, CancellationToken cancellation)
    {
        var since = Now - AdministratorSession.Recent;
        return db.Sessions.AnyAsync(
            session => session.Id == administrator.SessionId && session.ConfirmedAt > since, cancellation);
    }

    /// <summary>Records that the administrator has just proved their identity.</summary>
    public Task Confirm(Guid sessionId, CancellationToken cancellation) =>
        db.Sessions.Where(session => session.Id == sessionId).ExecuteUpdateAsync(
            change => change.SetProperty(session => session.ConfirmedAt, Now), cancellation);

    /// <summary>
    /// Ends one session, if it is one of the administrator's own. With a session of the console, whatever its operator
    /// looks at is closed, too.
    /// </summary>
    public Task End(
        SignedIn administrator, Guid sessionId, Actor actor, CancellationToken cancellation) => operation.Run(
        actor,
        sessionId == administrator.SessionId ? AuditAction.SignOut : AuditAction.EndSessions,
        administrator.Account,
        work =>
        {
            var own = Live(administrator.AdministratorId);
            var ofConsole = own.Where(session => session.Id == sessionId && session.AccountId == null);
            return End(
                work,
                own.Where(session => session.Id == sessionId || (session.AccountId != null && ofConsole.Any())),
                cancellation);
        },
        cancellation);

    /// <summary>Ends all sessions of an administrator except the current one.</summary>
    public Task<int> EndOthers(UnitOfWork work, SignedIn administrator, CancellationToken cancellation) => End(
        work,
        Live(administrator.AdministratorId).Where(session => session.Id != administrator.SessionId),
        cancellation);

    /// <summary>Signs an administrator out everywhere.</summary>
    /// <returns>The number of sessions ended.</returns>
    public Task<int> EndAll(UnitOfWork work, Guid administratorId, CancellationToken cancellation) =>
        End(work, Live(administratorId), cancellation);

    /// <summary>
    /// Locks the administrator's row until the transaction ends; false if it is gone or its security stamp has changed.
    /// </summary>
    private async Task<bool> Lock(Administrator administrator, CancellationToken cancellation) =>
        await db.Administrators.Where(
            one => one.Id == administrator.Id && one.SecurityStamp == administrator.SecurityStamp)
            .ExecuteUpdateAsync(
                change => change.SetProperty(one => one.SecurityStamp, one => one.SecurityStamp), cancellation) > 0;

    private IQueryable<AdministratorSession> Live(Guid administratorId) => db.Sessions
        .Where(AdministratorSession.IsLive(Now)).Where(session => session.AdministratorId == administratorId);

    private async Task<int> End(
        UnitOfWork work, IQueryable<AdministratorSession> sessions, CancellationToken cancellation)
    {
        // The sessions of the console have no tokens.
        var accounts = await sessions.Where(session => session.AccountId != null)
            .Select(session => session.AccountId).Distinct().ToListAsync(cancellation);
        var ended = await sessions.ExecuteUpdateAsync(
            change => change.SetProperty(session => session.EndedAt, Now), cancellation);
        foreach (var account in accounts)
            await work.Publish(SecurityEvents.SessionRevoked, account, cancellation);
        return ended;
    }

    private AdministratorSession NewSession(
        Administrator administrator, Guid? accountId, Visitor visitor, DateTime expiresAt)
    {
        var now = Now;
        return new()
        {
            AdministratorId = administrator.Id,
            Administrator = administrator,
            AccountId = accountId,
            StartedAt = now,
            LastUsedAt = now,
            ConfirmedAt = now,
            ExpiresAt = expiresAt,
            Address = visitor.Address?.ToString(),
            Browser = visitor.Browser,
        };
    }
}
