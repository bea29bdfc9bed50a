using System.Buffers.Text;
using System.Linq.Expressions;
using System.Security.Cryptography;
using System.Text;
using Auth.Server.Audit;
using Auth.Server.Data;
using Auth.Server.Events;
using Auth.Server.Messages;
using Auth.Server.Operations;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Administrators;

/// <summary>An invitation and its link, which is shown only now.</summary>
internal sealed record IssuedInvitation(Invitation Invitation, string Link);

/// <summary>
/// Invites people to become administrators or operators, by a link that is handed over by hand, and lets them set a new
/// password by such a link, which administrators can also get by e-mail. The code comes after the link's <c>#</c>,
/// which browsers do not send; it is posted in a form, so that it does not appear in any log.
/// </summary>
internal sealed class Invitations(
    AuthDbContext db,
    UserManager<Administrator> administrators,
    AdministratorRegister register,
    Passwords passwords,
    Operation operation,
    Outbox outbox,
    AuthOptions options,
    TimeProvider time)
{
    public const string Path = "/invitation";

    private const int CodeBytes = 32;

    private static readonly TimeSpan betweenResets = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Invites somebody to an account, or to become an operator (null). This replaces an earlier invitation of the same
    /// address to it. It makes no difference whether they administer another account.
    /// </summary>
    public Task<IssuedInvitation> Invite(
        Guid? accountId, string email, bool readOnly, Actor actor, CancellationToken cancellation) =>
        Invite(accountId, email, readOnly, actor, () => Task.CompletedTask, cancellation);

    /// <summary>
    /// Lets an administrator invite somebody. If this administrator is removed at the same moment, there is no link
    /// with which to come back.
    /// </summary>
    public Task<IssuedInvitation> Invite(
        SignedIn by, string email, bool readOnly, Actor actor, CancellationToken cancellation) =>
        Invite(by.AccountId, email, readOnly, actor, () => register.Lock(by, cancellation), cancellation);

    private async Task<IssuedInvitation> Invite(
        Guid? accountId,
        string email,
        bool readOnly,
        Actor actor,
        Func<Task> admit,
        CancellationToken cancellation)
    {
        var issued = await operation.Run(
            actor,
            AuditAction.InviteAdministrator,
            accountId,
            async work =>
            {
                work.Entry.About = email = AdministratorRegister.CheckEmail(email.Trim());
                work.Entry.Detail = $"Role: {(accountId is null ? "Operator" : Memberships.RoleOf(readOnly))}.";
                await admit();
                await register.RequireNew(accountId, email, cancellation);
                return await Issue(
                    accountId, email, readOnly, administrator: null, actor.DisplayName, Invitation.Lifetime,
                    cancellation);
            },
            cancellation);
        return issued.Result;
    }

    /// <summary>Lets somebody who has lost the password set a new one. The old one works until then.</summary>
    public async Task<IssuedInvitation> ResetPassword(
        SignInName name, Actor actor, CancellationToken cancellation)
    {
        var issued = await operation.Run(
            actor,
            AuditAction.ResetPassword,
            name.AccountId,
            async work =>
            {
                var administrator = await register.Find(name, work.Entry);
                return await Issue(
                    administrator.AccountId, administrator.Email!, administrator.ReadOnly, administrator,
                    actor.DisplayName, Invitation.Lifetime, cancellation);
            },
            cancellation);
        return issued.Result;
    }

    /// <summary>
    /// Sends a link with which to set a new password to each administrator with an address, unless they got one within
    /// the last ten minutes. The old password works until then. The address may be that of anybody. An operator gets no
    /// e-mail, because that would open all accounts to whoever reads it.
    /// </summary>
    /// <param name="email">The address that was entered. The message goes to the one that is stored.</param>
    /// <param name="visitor">Who asks.</param>
    /// <param name="cancellation">Cancels the operation.</param>
    public async Task SendPasswordResets(string email, Visitor visitor, CancellationToken cancellation)
    {
        foreach (var administrator in await register.FindAll(email, Site.Portal, cancellation))
        {
            await operation.Run(
                Actor.Server with { Address = visitor.Address?.ToString(), UserAgent = visitor.UserAgent },
                AuditAction.ResetPassword,
                administrator.AccountId,
                work => SendPasswordReset(work, administrator, cancellation),
                cancellation);
        }
    }

    private async Task SendPasswordReset(UnitOfWork work, Administrator administrator, CancellationToken cancellation)
    {
        var (by, since) = (Actor.Server.DisplayName, time.GetUtcNow().UtcDateTime - betweenResets);
        work.Entry.About = administrator.Email;
        work.Entry.Detail = "Requested on the sign-in page.";
        if (!await db.LockAdministrator(administrator.Id, cancellation)
            || await db.Invitations.AnyAsync(
                sent => sent.AdministratorId == administrator.Id && sent.CreatedBy == by && sent.CreatedAt > since,
                cancellation))
        {
            work.SkipAuditEntry();
            return;
        }

        var account = administrator.Account!;
        var issued = await Issue(
            account.Id, administrator.Email!, administrator.ReadOnly, administrator, by, Invitation.EmailLifetime,
            cancellation);
        outbox.Add(
            account.Id,
            administrator.Email!,
            new(
                "Set a new password for SciLeads",
                [
                    $"Somebody asked on the sign-in page for a new password for {administrator.Email}, an "
                    + $"administrator of {account.Name}. If that was not you, ignore this message: your password still "
                    + "works.",
                    "To set a new password, open this link within an hour. It works once.",
                ],
                "Set a new password",
                new(issued.Link),
                $"You receive this message because you are an administrator of {account.Name} in SciLeads."),
            Invitation.EmailLifetime);
    }

    /// <summary>Revokes a colleague's link.</summary>
    public Task Withdraw(Guid accountId, Guid id, Actor actor, CancellationToken cancellation) => Withdraw(
        accountId, invitation => invitation.AccountId == accountId && invitation.Id == id, null, actor, cancellation);

    /// <summary>Revokes the link for an address.</summary>
    public Task Withdraw(SignInName name, Actor actor, CancellationToken cancellation)
    {
        var (key, accountId, isOperator) = (EmailNormalizer.Normalize(name.Email), name.AccountId, name.IsOperator);
        return Withdraw(
            accountId,
            invitation => invitation.EmailKey == key && (invitation.AccountId == null) == isOperator
                && (accountId == null || invitation.AccountId == accountId),
            name.Email.Trim(),
            actor,
            cancellation);
    }

    /// <summary>Finds an invitation by its code.</summary>
    /// <exception cref="ProblemException">There is none: it was used or withdrawn, or has expired (404).</exception>
    public async Task<Invitation> Find(string? code, CancellationToken cancellation)
    {
        var now = time.GetUtcNow().UtcDateTime;
        var hash = Hash(code ?? "");
        return await db.Invitations.AsNoTracking().Include(invitation => invitation.Account)
            .SingleOrDefaultAsync(invitation => invitation.CodeHash == hash && invitation.ExpiresAt > now, cancellation)
            ?? throw Gone();
    }

    /// <summary>Accepts an invitation. Of several concurrent attempts, one succeeds.</summary>
    public async Task Accept(string? code, string password, Visitor visitor, CancellationToken cancellation)
    {
        var invitation = await Find(code, cancellation);
        // Whoever has the code counts as the person who was invited.
        var actor = (visitor with { Site = Site.Of(invitation.AccountId) }).ToActor(invitation.Email);
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
                    await register.Add(
                        invitation.AccountId, invitation.Email, hash, invitation.ReadOnly, cancellation);
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
                        $"{email} is invited to", found.Select(one => one.AccountId)),
                };
                (work.Entry.AccountId, work.Entry.About) = (invitation.AccountId, invitation.Email);
                await db.Invitations.Where(other => other.Id == invitation.Id).ExecuteDeleteAsync(cancellation);
            },
            cancellation);

    private async Task<IssuedInvitation> Issue(
        Guid? accountId,
        string email,
        bool readOnly,
        Administrator? administrator,
        string by,
        TimeSpan lifetime,
        CancellationToken cancellation)
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
            ReadOnly = readOnly,
            CreatedAt = now,
            CreatedBy = by,
            ExpiresAt = now + lifetime,
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
            // The unique index: a concurrent invitation was saved first.
            throw ProblemException.Conflict($"Somebody else is inviting {email} at the same time. Try again.");
        }

        return new(invitation, new Uri(options.PublicUrl, $"{Path}#{code}").ToString());
    }

    private static string Hash(string code) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(code)));

    private static ProblemException Gone() => ProblemException.NotFound(
        "This invitation is not valid. It may have been used, withdrawn or replaced by a newer one, or it may be older "
        + "than 72 hours, or than an hour if it came by e-mail. Ask whoever sent it to you for another.");
}
