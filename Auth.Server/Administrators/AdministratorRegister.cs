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

/// <summary>Who the administrators are. An address is one person's, whatever the account.</summary>
internal sealed partial class AdministratorRegister(
    AuthDbContext db,
    UserManager<Administrator> administrators,
    SecondFactorRegister factors,
    Sessions sessions,
    AuditTrail audit,
    TimeProvider time)
{
    public async Task<Administrator> Get(string email) =>
        await administrators.FindByEmailAsync(email.Trim())
        ?? throw ProblemException.NotFound($"There is no administrator {email.Trim()}.");

    public async Task<List<ListedAdministrator>> List(Guid accountId, CancellationToken cancellation)
    {
        var now = time.GetUtcNow().UtcDateTime;
        return await db.Users.AsNoTracking().Where(administrator => administrator.AccountId == accountId)
            .OrderBy(administrator => administrator.NormalizedEmail)
            .Select(administrator => new ListedAdministrator(
                administrator,
                db.Sessions.Count(s => s.AdministratorId == administrator.Id && s.EndedAt == null && s.ExpiresAt > now),
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

    public Task<Administrator> Create(Guid accountId, string email, string password, CancellationToken cancellation) =>
        audit.Record(
            AuditAction.CreateAdministrator,
            accountId,
            entry =>
            {
                entry.About = email;
                return Make(accountId, email, password, cancellation);
            },
            cancellation);

    /// <summary>Makes an administrator. For within a transaction.</summary>
    public async Task<Administrator> Make(
        Guid accountId, string email, string password, CancellationToken cancellation)
    {
        if (!await db.Accounts.AnyAsync(account => account.Id == accountId, cancellation))
            throw ProblemException.NotFound($"There is no account {accountId}.");
        var administrator = new Administrator
        {
            Id = Guid.CreateVersion7(),
            AccountId = accountId,
            UserName = CheckEmail(email),
            Email = email,
        };
        Require(await administrators.CreateAsync(administrator, password));
        return administrator;
    }

    /// <summary>Puts a new password in the place of the old one; ends all sessions. For within a transaction.</summary>
    public async Task SetPassword(Administrator administrator, string password, CancellationToken cancellation)
    {
        Require(await administrators.RemovePasswordAsync(administrator));
        Require(await administrators.AddPasswordAsync(administrator, password));
        await sessions.EndAll(administrator.Id, cancellation);
    }

    /// <summary>Ends all sessions of a person; tells how many.</summary>
    public Task<int> SignOut(string email, CancellationToken cancellation) => audit.Record(
        AuditAction.EndSessions,
        null,
        async entry =>
        {
            var administrator = await Find(email, entry);
            return await sessions.EndAll(administrator.Id, cancellation);
        },
        cancellation);

    /// <summary>Lets somebody who lost all second factors in again, with the password alone.</summary>
    public Task ResetSecondFactors(string email, CancellationToken cancellation) => audit.Record(
        AuditAction.ResetSecondFactors,
        null,
        async entry => await factors.Reset(await Find(email, entry), cancellation),
        cancellation);

    /// <summary>Takes away a person's access, and whatever was issued to them with it.</summary>
    public Task Remove(string email, CancellationToken cancellation) => audit.Record(
        AuditAction.RemoveAdministrator,
        null,
        async entry =>
        {
            var administrator = await Find(email, entry);
            await sessions.EndAll(administrator.Id, cancellation);
            await db.Tokens.Where(token => token.Session!.AdministratorId == administrator.Id)
                .ExecuteDeleteAsync(cancellation);
            Require(await administrators.DeleteAsync(administrator));
        },
        cancellation);

    /// <summary>The administrator whom an action is about.</summary>
    public async Task<Administrator> Find(string email, AuditEntry entry)
    {
        entry.About = email.Trim();
        var administrator = await Get(email);
        entry.AccountId = administrator.AccountId;
        return administrator;
    }

    public static string CheckEmail(string email)
    {
        if (Identifiers.Fault(email) is { } fault)
            throw ProblemException.Invalid($"The e-mail address {fault}");
        return email.Length <= 254 && Email().IsMatch(email)
            ? email
            : throw ProblemException.Invalid($"\"{email}\" is no e-mail address.");
    }

    /// <exception cref="ProblemException">Identity refuses; its sentences say why.</exception>
    public static void Require(IdentityResult result)
    {
        if (!result.Succeeded)
            throw ProblemException.Invalid(string.Join(' ', result.Errors.Select(error => error.Description)));
    }

    [GeneratedRegex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+\\z")]
    private static partial Regex Email();
}
