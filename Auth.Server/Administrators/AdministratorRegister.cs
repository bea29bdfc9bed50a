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

    /// <summary>The administrators who sign in with an address: at most one in each account.</summary>
    public Task<List<Administrator>> FindAll(string email, CancellationToken cancellation)
    {
        var key = EmailNormalizer.Normalize(email);
        return db.Administrators.Include(administrator => administrator.Account)
            .Where(administrator => administrator.NormalizedEmail == key)
            .OrderBy(administrator => administrator.Account.Name).ToListAsync(cancellation);
    }

    /// <summary>The administrator with an address; in the given account, if one is given.</summary>
    /// <exception cref="ProblemException">
    /// There is none (404), or there are several and no account is given (409).
    /// </exception>
    public async Task<Administrator> Get(string email, Guid? accountId = null)
    {
        email = email.Trim();
        var found = (await FindAll(email, CancellationToken.None))
            .FindAll(administrator => accountId is null || administrator.AccountId == accountId);
        return found switch
        {
            [var one] => one,
            [] => throw ProblemException.NotFound(accountId is null
                ? $"There is no administrator {email}."
                : $"Account {accountId} has no administrator {email}."),
            _ => throw Ambiguous($"{email} administers", found.Select(administrator => administrator.AccountId)),
        };
    }

    /// <summary>A command names an address that belongs to several accounts.</summary>
    /// <param name="subject">The beginning of the sentence, up to "several accounts".</param>
    /// <param name="accounts">The accounts.</param>
    public static ProblemException Ambiguous(string subject, IEnumerable<Guid> accounts) => ProblemException.Conflict(
        $"{subject} several accounts. Choose one with --account: {string.Join(" or ", accounts)}.");

    public async Task<List<ListedAdministrator>> List(Guid accountId, CancellationToken cancellation)
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

    /// <summary>The open invitations and password resets of an account, newest first.</summary>
    public Task<List<Invitation>> Invited(Guid accountId, CancellationToken cancellation)
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

    /// <summary>Adds an administrator with a password hash. Call within a transaction.</summary>
    public async Task<Administrator> Add(
        Guid accountId, string email, string passwordHash, bool readOnly, CancellationToken cancellation)
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
            ReadOnly = readOnly,
        };
        try
        {
            ThrowIfFailed(await administrators.CreateAsync(administrator));
        }
        // The unique index: somebody else added the same address first.
        catch (DbUpdateException error) when (Conflicts.IsDuplicate(error))
        {
            throw AlreadyExists(email);
        }
        return administrator;
    }

    /// <exception cref="ProblemException">
    /// There is no such account (404), or it has an administrator with this address (409).
    /// </exception>
    public async Task RequireNew(Guid accountId, string email, CancellationToken cancellation)
    {
        if (!await db.Accounts.AnyAsync(account => account.Id == accountId, cancellation))
            throw ProblemException.NotFound($"There is no account {accountId}.");
        var key = EmailNormalizer.Normalize(email);
        if (await db.Administrators.AnyAsync(
            other => other.AccountId == accountId && other.NormalizedEmail == key, cancellation))
            throw AlreadyExists(email);
    }

    /// <summary>Sets a new password, given as its hash, and ends all sessions.</summary>
    public async Task SetPassword(
        UnitOfWork work, Administrator administrator, string passwordHash, CancellationToken cancellation)
    {
        await passwords.Set(administrator, passwordHash);
        await sessions.EndAll(work, administrator.Id, cancellation);
    }

    /// <summary>Ends all sessions of an administrator.</summary>
    /// <returns>The number of sessions ended.</returns>
    public async Task<int> SignOut(string email, Guid? accountId, Actor actor, CancellationToken cancellation)
    {
        var ended = await operation.Run(
            actor,
            AuditAction.EndSessions,
            accountId,
            async work =>
            {
                var administrator = await Find(email, accountId, work.Entry);
                return await sessions.EndAll(work, administrator.Id, cancellation);
            },
            cancellation);
        return ended.Result;
    }

    /// <summary>Lets an administrator who has lost all second factors sign in with the password alone.</summary>
    public Task ResetSecondFactors(string email, Guid? accountId, Actor actor, CancellationToken cancellation) =>
        operation.Run(
            actor,
            AuditAction.ResetSecondFactors,
            accountId,
            async work => await factors.Reset(work, await Find(email, accountId, work.Entry), cancellation),
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

    /// <summary>Finds the administrator whom an action is about, and sets it in the audit entry.</summary>
    public async Task<Administrator> Find(string email, Guid? accountId, AuditEntry entry)
    {
        entry.About = email.Trim();
        var administrator = await Get(email, accountId);
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

    private static ProblemException AlreadyExists(string email) =>
        ProblemException.Conflict($"{email} is already an administrator of this account.");
}
