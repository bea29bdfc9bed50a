using System.Buffers.Text;
using System.Linq.Expressions;
using System.Security.Cryptography;
using System.Text;
using Auth.Server.Audit;
using Auth.Server.Data;
using Auth.Server.Events;
using Auth.Server.Operations;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Administrators;

/// <summary>An invitation and the link that takes it up, which nothing shows again.</summary>
internal sealed record IssuedInvitation(Invitation Invitation, string Link);

/// <summary>
/// Inviting people to be administrators, by a link that is handed over by hand. The code stands behind the link's
/// <c>#</c>, which no browser sends: it comes in a form, so that no log on the way has it.
/// </summary>
internal sealed class Invitations(
    AuthDbContext db,
    UserManager<Administrator> administrators,
    AdministratorRegister register,
    Passwords passwords,
    Operation operation,
    AuthOptions options,
    TimeProvider time)
{
    public const string Path = "/invitation";

    private const int CodeBytes = 32;

    /// <summary>
    /// Invites somebody into an account. An earlier invitation of theirs into it ends. Whether they administer another
    /// account makes no difference.
    /// </summary>
    public async Task<IssuedInvitation> Invite(
        Guid accountId, string email, Actor actor, CancellationToken cancellation)
    {
        var issued = await operation.Run(
            actor,
            AuditAction.InviteAdministrator,
            accountId,
            async work =>
            {
                work.Entry.About = email = AdministratorRegister.CheckEmail(email.Trim());
                await register.RequireNew(accountId, email, cancellation);
                return await Issue(accountId, email, administrator: null, actor.DisplayName, cancellation);
            },
            cancellation);
        return issued.Result;
    }

    /// <summary>Lets an administrator who lost the password set a new one. The old one works until then.</summary>
    public async Task<IssuedInvitation> ResetPassword(
        string email, Guid? accountId, Actor actor, CancellationToken cancellation)
    {
        var issued = await operation.Run(
            actor,
            AuditAction.ResetPassword,
            accountId,
            async work =>
            {
                var administrator = await register.Find(email, accountId, work.Entry);
                return await Issue(
                    administrator.AccountId, administrator.Email!, administrator, actor.DisplayName, cancellation);
            },
            cancellation);
        return issued.Result;
    }

    /// <summary>Revokes a colleague's link.</summary>
    public Task Withdraw(Guid accountId, Guid id, Actor actor, CancellationToken cancellation) => Withdraw(
        accountId, invitation => invitation.AccountId == accountId && invitation.Id == id, null, actor, cancellation);

    /// <summary>Revokes the link that an address has, in an account if several accounts have invited it.</summary>
    public Task Withdraw(string email, Guid? accountId, Actor actor, CancellationToken cancellation)
    {
        var key = EmailNormalizer.Normalize(email);
        return Withdraw(
            accountId,
            invitation => invitation.EmailKey == key && (accountId == null || invitation.AccountId == accountId),
            email.Trim(),
            actor,
            cancellation);
    }

    /// <summary>The invitation that a code is of.</summary>
    /// <exception cref="ProblemException">There is none: used, withdrawn or expired.</exception>
    public async Task<Invitation> Find(string? code, CancellationToken cancellation)
    {
        var now = time.GetUtcNow().UtcDateTime;
        var hash = Hash(code ?? "");
        return await db.Invitations.AsNoTracking().Include(invitation => invitation.Account)
            .SingleOrDefaultAsync(invitation => invitation.CodeHash == hash && invitation.ExpiresAt > now, cancellation)
            ?? throw Gone();
    }

    /// <summary>Uses an invitation up. Of several who do it at once, one succeeds.</summary>
    public async Task Accept(string? code, string password, Visitor visitor, CancellationToken cancellation)
    {
        var invitation = await Find(code, cancellation);
        // Whoever has the code is the one who was invited.
        var actor = visitor.ToActor(invitation.Email);
        var action = invitation.AdministratorId is null ? AuditAction.AcceptInvitation : AuditAction.ChangePassword;
        var hash = await operation.Prepare(
            actor, action, invitation.AccountId, invitation.Email, () => passwords.Hash(invitation.Email, password));
        await operation.Run(
            actor,
            action,
            invitation.AccountId,
            async work =>
            {
                work.Entry.About = invitation.Email;
                if (await db.Invitations.Where(i => i.Id == invitation.Id).ExecuteDeleteAsync(cancellation) == 0)
                    throw Gone();
                if (invitation.AdministratorId is null)
                    await register.Add(invitation.AccountId, invitation.Email, hash, cancellation);
                else
                    await register.SetPassword(
                        work,
                        await administrators.FindByIdAsync($"{invitation.AdministratorId}") ?? throw Gone(),
                        hash,
                        cancellation);
            },
            cancellation);
    }

    private Task<Confirmation?> Withdraw(
        Guid? accountId,
        Expression<Func<Invitation, bool>> which,
        string? email,
        Actor actor,
        CancellationToken cancellation) =>
        operation.Run(
            actor,
            AuditAction.WithdrawInvitation,
            accountId,
            async work =>
            {
                work.Entry.About = email;
                var found = await db.Invitations.AsNoTracking().Where(which).ToListAsync(cancellation);
                var invitation = found switch
                {
                    [var one] => one,
                    [] => throw (email is null
                        ? Gone()
                        : ProblemException.NotFound($"There is no invitation for {email}.")),
                    _ => throw AdministratorRegister.Ambiguous(
                        $"{email} is invited into", found.Select(one => one.AccountId)),
                };
                (work.Entry.AccountId, work.Entry.About) = (invitation.AccountId, invitation.Email);
                await db.Invitations.Where(other => other.Id == invitation.Id).ExecuteDeleteAsync(cancellation);
            },
            cancellation);

    private async Task<IssuedInvitation> Issue(
        Guid accountId, string email, Administrator? administrator, string by, CancellationToken cancellation)
    {
        var code = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(CodeBytes));
        var now = time.GetUtcNow().UtcDateTime;
        var invitation = new Invitation
        {
            AccountId = accountId,
            Email = email,
            EmailKey = EmailNormalizer.Normalize(email),
            CodeHash = Hash(code),
            AdministratorId = administrator?.Id,
            CreatedAt = now,
            CreatedBy = by,
            ExpiresAt = now + Invitation.Lifetime,
        };
        await db.Invitations
            .Where(old => old.AccountId == accountId && old.EmailKey == invitation.EmailKey)
            .ExecuteDeleteAsync(cancellation);
        db.Invitations.Add(invitation);
        try
        {
            await db.SaveChangesAsync(cancellation);
        }
        catch (DbUpdateException error) when (Conflicts.IsDuplicate(error))
        {
            // The index allows one.
            throw ProblemException.Conflict($"{email} is just being invited by somebody else.");
        }

        return new(invitation, new Uri(options.PublicUrl, $"{Path}#{code}").ToString());
    }

    private static string Hash(string code) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(code)));

    private static ProblemException Gone() => ProblemException.NotFound(
        "This invitation is not valid. It may have been used already, withdrawn or replaced by a newer one, or be "
        + "older than 72 hours. Ask whoever sent it to you for another.");
}
