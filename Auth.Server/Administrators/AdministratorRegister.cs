using System.Text.RegularExpressions;
using Auth.Server.Audit;
using Auth.Server.Data;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Shared.Contracts.Text;

namespace Auth.Server.Administrators;

/// <summary>An administrator as operators and colleagues see them.</summary>
internal sealed record ListedAdministrator(
    Administrator Administrator, int Sessions, DateTime? LastSignIn, bool HasApp, int Passkeys);

/// <summary>Who the administrators are. An address is one administrator's in each account.</summary>
internal sealed partial class AdministratorRegister(
    AuthDbContext db,
    UserManager<Administrator> administrators,
    Passwords passwords,
    SecondFactorRegister factors,
    Sessions sessions,
    AuditTrail audit,
    TimeProvider time)
{
    private const int MaxEmail = 254;

    /// <summary>The administrators who sign in with an address: one in each account at most.</summary>
    public Task<List<Administrator>> FindAll(string email, CancellationToken cancellation)
    {
        var key = AddressKey.Of(email);
        return db.Users.Include(administrator => administrator.Account)
            .Where(administrator => administrator.NormalizedEmail == key)
            .OrderBy(administrator => administrator.Account.Name).ToListAsync(cancellation);
    }

    /// <summary>The administrator who has an address, in an account if it is one of several accounts'.</summary>
    /// <exception cref="ProblemException">There is none (404), or there are several and no account was named (409).</exception>
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
                : $"There is no administrator {email} of account {accountId}."),
            _ => throw Ambiguous($"{email} administers", found.Select(administrator => administrator.AccountId)),
        };
    }

    /// <summary>A command names an address that several accounts have.</summary>
    public static ProblemException Ambiguous(string whatHas, IEnumerable<Guid> accounts) => ProblemException.Conflict(
        $"{whatHas} several accounts. Name the one that is meant with --account: {string.Join(" or ", accounts)}.");

    public async Task<List<ListedAdministrator>> List(Guid accountId, CancellationToken cancellation)
    {
        var live = db.Sessions.Where(AdministratorSession.IsLive(time.GetUtcNow().UtcDateTime));
        return await db.Users.AsNoTracking().Where(administrator => administrator.AccountId == accountId)
            .OrderBy(administrator => administrator.NormalizedEmail)
            .Select(administrator => new ListedAdministrator(
                administrator,
                live.Count(s => s.AdministratorId == administrator.Id),
                db.Sessions.Where(s => s.AdministratorId == administrator.Id).Max(s => (DateTime?)s.StartedAt),
                db.AuthenticatorApps.Any(app => app.AdministratorId == administrator.Id),
                db.UserPasskeys.Count(passkey => passkey.UserId == administrator.Id)))
            .ToListAsync(cancellation);
    }

    /// <summary>The open invitations and password resets of an account, the newest first.</summary>
    public Task<List<Invitation>> Invited(Guid accountId, CancellationToken cancellation)
    {
        var now = time.GetUtcNow().UtcDateTime;
        return db.Invitations.AsNoTracking()
            .Where(invitation => invitation.AccountId == accountId && invitation.ExpiresAt > now)
            .OrderByDescending(invitation => invitation.CreatedAt).ThenBy(invitation => invitation.Id)
            .ToListAsync(cancellation);
    }

    public async Task<Administrator> Create(
        Guid accountId, string email, string password, CancellationToken cancellation)
    {
        const AuditAction action = AuditAction.CreateAdministrator;
        var hash = await audit.Prepare(action, accountId, email, () => passwords.Hash(CheckEmail(email), password));
        return await audit.Record(
            action,
            accountId,
            entry =>
            {
                entry.About = email;
                return Make(accountId, email, hash, cancellation);
            },
            cancellation);
    }

    /// <summary>Makes an administrator with the hash of a password. For within a transaction.</summary>
    public async Task<Administrator> Make(
        Guid accountId, string email, string passwordHash, CancellationToken cancellation)
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
        };
        try
        {
            Require(await administrators.CreateAsync(administrator));
        }
        // The index allows one: somebody else was faster.
        catch (DbUpdateException error) when (Conflicts.IsDuplicate(error))
        {
            throw AlreadyThere(email);
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
        var key = AddressKey.Of(email);
        if (await db.Users.AnyAsync(other => other.AccountId == accountId && other.NormalizedEmail == key, cancellation))
            throw AlreadyThere(email);
    }

    /// <summary>
    /// Puts a new password, by its hash, in the place of the old one; ends all sessions. For within a transaction.
    /// </summary>
    public async Task SetPassword(Administrator administrator, string passwordHash, CancellationToken cancellation)
    {
        await passwords.Set(administrator, passwordHash);
        await sessions.EndAll(administrator.Id, cancellation);
    }

    /// <summary>Ends all sessions of a person; tells how many.</summary>
    public Task<int> SignOut(string email, CancellationToken cancellation, Guid? accountId = null) => audit.Record(
        AuditAction.EndSessions,
        accountId,
        async entry =>
        {
            var administrator = await Find(email, accountId, entry);
            return await sessions.EndAll(administrator.Id, cancellation);
        },
        cancellation);

    /// <summary>Lets somebody who lost all second factors in again, with the password alone.</summary>
    public Task ResetSecondFactors(string email, CancellationToken cancellation, Guid? accountId = null) => audit.Record(
        AuditAction.ResetSecondFactors,
        accountId,
        async entry => await factors.Reset(await Find(email, accountId, entry), cancellation),
        cancellation);

    /// <summary>Takes away a person's access, and whatever was issued to them with it.</summary>
    public Task Remove(string email, CancellationToken cancellation, Guid? accountId = null) => audit.Record(
        AuditAction.RemoveAdministrator,
        accountId,
        async entry =>
        {
            var administrator = await Find(email, accountId, entry);
            await sessions.EndAll(administrator.Id, cancellation);
            await db.Tokens.Where(token => token.Session!.AdministratorId == administrator.Id)
                .ExecuteDeleteAsync(cancellation);
            Require(await administrators.DeleteAsync(administrator));
        },
        cancellation);

    /// <summary>The administrator whom an action is about.</summary>
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
        // As it is compared, too: no wide "＠" may hide in it, and its key must fit where it is stored.
        return new[] { email, AddressKey.Of(email) }.All(text => text.Length <= MaxEmail && Email().IsMatch(text))
            ? email
            : throw ProblemException.Invalid($"\"{email}\" is no e-mail address.");
    }

    /// <exception cref="ProblemException">Identity refuses; its sentences say why.</exception>
    public static void Require(IdentityResult result)
    {
        if (result.Succeeded)
            return;
        var sentences = string.Join(' ', result.Errors.Select(error => error.Description));
        // Codes of IdentityErrorDescriber: DuplicateEmail, DuplicateUserName; and of two saves of one row.
        throw result.Errors.Any(error => error.Code.StartsWith("Duplicate", StringComparison.Ordinal)
            || error.Code == nameof(IdentityErrorDescriber.ConcurrencyFailure))
            ? ProblemException.Conflict(sentences)
            : ProblemException.Invalid(sentences);
    }

    private static ProblemException AlreadyThere(string email) =>
        ProblemException.Conflict($"{email} signs in to SciLeads already, as an administrator of this account.");

    [GeneratedRegex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+\\z")]
    private static partial Regex Email();
}
