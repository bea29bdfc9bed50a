using Auth.Server.Accounts;
using Auth.Server.Audit;
using Auth.Server.Data;
using Auth.Server.Operations;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Shared.Hosting.Text;

namespace Auth.Server.Administrators;

/// <summary>An administrator as operators and colleagues see them.</summary>
internal sealed record ListedAdministrator(
    Administrator Administrator, int Sessions, DateTime? LastSignIn, bool HasApp, int Passkeys);

/// <summary>The administrators. Within an account, an e-mail address belongs to one administrator.</summary>
internal sealed class AdministratorRegister(
    AuthDbContext db,
    UserManager<Administrator> administrators,
    Passwords passwords,
    SecondFactorRegister factors,
    Sessions sessions,
    Operation operation,
    TimeProvider time)
{
    private const int MaxEmail = 254;

    /// <summary>
    /// The people who sign in to a site with an address: at most one operator, or one administrator in each account.
    /// </summary>
    public Task<List<Administrator>> FindAll(string email, Site site, CancellationToken cancellation)
    {
        var key = EmailNormalizer.Normalize(email);
        return db.Administrators.Include(administrator => administrator.Account)
            .Where(administrator => administrator.NormalizedEmail == key)
            .Where(administrator => (administrator.AccountId == null) == site.IsConsole)
            .OrderBy(administrator => administrator.Account!.Name).ToListAsync(cancellation);
    }

    /// <exception cref="ProblemException">
    /// There is nobody of this name (404), or there are several and no account is given (409).
    /// </exception>
    public async Task<Administrator> Get(SignInName name)
    {
        var (email, accountId) = (name.Email.Trim(), name.AccountId);
        var site = name.IsOperator ? Site.Console : Site.Portal;
        var found = (await FindAll(email, site, CancellationToken.None))
            .FindAll(administrator => accountId is null || administrator.AccountId == accountId);
        return (found, name.IsOperator) switch
        {
            ([var one], _) => one,
            ([], true) => throw ProblemException.NotFound($"There is no operator {email}."),
            ([], _) => throw ProblemException.NotFound(accountId is null
                ? $"There is no administrator {email}."
                : $"Account {accountId} has no administrator {email}."),
            _ => throw Ambiguous($"{email} administers", found.Select(administrator => administrator.AccountId)),
        };
    }

    /// <summary>A command names an address that belongs to several accounts.</summary>
    /// <param name="subject">The beginning of the sentence, up to "several accounts".</param>
    /// <param name="accounts">The accounts.</param>
    public static ProblemException Ambiguous(string subject, IEnumerable<Guid?> accounts) => ProblemException.Conflict(
        $"{subject} several accounts. Choose one with --account: {string.Join(" or ", accounts)}.");

    /// <summary>The administrators of an account, or the operators (null).</summary>
    public async Task<List<ListedAdministrator>> List(Guid? accountId, CancellationToken cancellation)
    {
        var live = db.Sessions.Where(AdministratorSession.IsLive(time.GetUtcNow().UtcDateTime));
        return await db.Administrators.AsNoTracking().Where(administrator => administrator.AccountId == accountId)
            .OrderBy(administrator => administrator.NormalizedEmail)
            .Select(administrator => new ListedAdministrator(
                administrator,
                live.Count(s => s.AdministratorId == administrator.Id),
                db.Set<AdministratorSession>().Where(s => s.AdministratorId == administrator.Id)
                    .Max(s => (DateTime?)s.StartedAt),
                db.Set<AuthenticatorApp>().Any(app => app.AdministratorId == administrator.Id),
                db.Set<IdentityUserPasskey<Guid>>().Count(passkey => passkey.UserId == administrator.Id)))
            .ToListAsync(cancellation);
    }

    /// <summary>The open invitations and password resets of an account, or of operators (null), newest first.</summary>
    public Task<List<Invitation>> Invited(Guid? accountId, CancellationToken cancellation)
    {
        var now = time.GetUtcNow().UtcDateTime;
        return db.Invitations.AsNoTracking()
            .Where(invitation => invitation.AccountId == accountId && invitation.ExpiresAt > now)
            .OrderByDescending(invitation => invitation.CreatedAt).ThenBy(invitation => invitation.Id)
            .ToListAsync(cancellation);
    }

    public async Task<Administrator> Create(
        Guid accountId, string email, string password, bool readOnly, Actor actor, CancellationToken cancellation)
    {
        const AuditAction action = AuditAction.CreateAdministrator;
        var hash = await operation.Prepare(
            actor, action, accountId, email, () => passwords.Hash(CheckEmail(email), password));
        var created = await operation.Run(
            actor,
            action,
            accountId,
            work =>
            {
                (work.Entry.About, work.Entry.Detail) = (email, $"Role: {Memberships.RoleOf(readOnly)}.");
                return Add(accountId, email, hash, readOnly, cancellation);
            },
            cancellation);
        return created.Result;
    }

    /// <summary>
    /// Adds an administrator of an account, or an operator (null), with a password hash. Call within a transaction.
    /// </summary>
    public async Task<Administrator> Add(
        Guid? accountId, string email, string passwordHash, bool readOnly, CancellationToken cancellation)
    {
        await RequireNew(accountId, CheckEmail(email), cancellation);
        var id = Guid.CreateVersion7();
        var administrator = new Administrator
        {
            Id = id,
            AccountId = accountId,
            UserName = $"{id}",
            Email = email,
            PasswordHash = passwordHash,
            // An operator looks at the portal of an account, and changes nothing there.
            ReadOnly = readOnly || accountId is null,
        };
        try
        {
            ThrowIfFailed(await administrators.CreateAsync(administrator));
        }
        // The unique index: somebody else added the same address first.
        catch (DbUpdateException error) when (Conflicts.IsDuplicate(error))
        {
            throw AlreadyExists(accountId, email);
        }
        return administrator;
    }

    /// <exception cref="ProblemException">
    /// There is no such account (404), or it has an administrator with this address, or, without an account, there is
    /// such an operator (409).
    /// </exception>
    public async Task RequireNew(Guid? accountId, string email, CancellationToken cancellation)
    {
        if (accountId is not null && !await db.Accounts.AnyAsync(account => account.Id == accountId, cancellation))
            throw ProblemException.NotFound($"There is no account {accountId}.");
        var key = EmailNormalizer.Normalize(email);
        if (await db.Administrators.AnyAsync(
            other => other.AccountId == accountId && other.NormalizedEmail == key, cancellation))
            throw AlreadyExists(accountId, email);
    }

    /// <summary>Sets a new password, given as its hash, and ends all sessions.</summary>
    public async Task SetPassword(
        UnitOfWork work, Administrator administrator, string passwordHash, CancellationToken cancellation)
    {
        await passwords.Set(administrator, passwordHash);
        await sessions.EndAll(work, administrator.Id, cancellation);
    }

    /// <summary>Ends all sessions of an administrator or operator.</summary>
    /// <returns>The number of sessions ended.</returns>
    public async Task<int> SignOut(SignInName name, Actor actor, CancellationToken cancellation)
    {
        var ended = await operation.Run(
            actor,
            AuditAction.EndSessions,
            name.AccountId,
            async work =>
            {
                var administrator = await Find(name, work.Entry);
                return await sessions.EndAll(work, administrator.Id, cancellation);
            },
            cancellation);
        return ended.Result;
    }

    /// <summary>Lets somebody who has lost all second factors sign in with the password alone.</summary>
    public Task ResetSecondFactors(SignInName name, Actor actor, CancellationToken cancellation) =>
        operation.Run(
            actor,
            AuditAction.ResetSecondFactors,
            name.AccountId,
            async work => await factors.Reset(work, await Find(name, work.Entry), cancellation),
            cancellation);

    /// <summary>
    /// Lets an administrator change who administers the account: until the transaction ends, nobody else does in the
    /// portal.
    /// </summary>
    /// <exception cref="ProblemException">Somebody else has just removed or demoted them (403).</exception>
    public async Task Lock(SignedIn by, CancellationToken cancellation)
    {
        await db.LockAccount(by.AccountId, cancellation);
        if (!await db.Administrators.AnyAsync(one => one.Id == by.AdministratorId && !one.ReadOnly, cancellation))
        {
            throw ProblemException.Forbidden(
                "Somebody has just removed you, or made your access read-only. Nothing was changed.");
        }
    }

    /// <summary>Finds the person whom an action is about, and sets it in the audit entry.</summary>
    public async Task<Administrator> Find(SignInName name, AuditEntry entry)
    {
        entry.About = name.Email.Trim();
        var administrator = await Get(name);
        entry.AccountId = administrator.AccountId;
        return administrator;
    }

    public static string CheckEmail(string email)
    {
        if (Identifiers.Fault(email) is { } fault)
            throw ProblemException.Invalid($"The e-mail address {fault}");
        // The normalized address, which may be longer, must fit into its column.
        return EmailAddress.IsValid(email) && EmailNormalizer.Normalize(email).Length <= MaxEmail
            ? email
            : throw ProblemException.Invalid($"\"{email}\" is not a valid e-mail address.");
    }

    /// <exception cref="ProblemException">Identity refused; the message consists of its error descriptions.</exception>
    public static void ThrowIfFailed(IdentityResult result)
    {
        if (result.Succeeded)
            return;
        var sentences = string.Join(' ', result.Errors.Select(error => error.Description));
        // IdentityErrorDescriber's DuplicateEmail and DuplicateUserName, and two concurrent updates of one row.
        throw result.Errors.Any(error => error.Code.StartsWith("Duplicate", StringComparison.Ordinal)
            || error.Code == nameof(IdentityErrorDescriber.ConcurrencyFailure))
            ? ProblemException.Conflict(sentences)
            : ProblemException.Invalid(sentences);
    }

    private static ProblemException AlreadyExists(Guid? accountId, string email) => ProblemException.Conflict(
        $"{email} is already {(accountId is null ? "an operator" : "an administrator of this account")}.");
}
