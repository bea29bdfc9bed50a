using Auth.Server.Audit;
using Auth.Server.Data;
using Auth.Server.Messages;
using Auth.Server.Operations;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Shared.Contracts;

namespace Auth.Server.Administrators;

/// <summary>
/// Who administers an account, and in which role: operators change that for anybody, administrators for each other.
/// </summary>
internal sealed class Memberships(
    AuthDbContext db,
    UserManager<Administrator> administrators,
    AdministratorRegister register,
    Sessions sessions,
    Operation operation)
{
    /// <summary>The name of a role.</summary>
    public static string RoleOf(bool readOnly) => readOnly ? "Read-only" : "Administrator";

    /// <summary>Lets an operator change a role.</summary>
    public Task ChangeRole(SignInName name, bool readOnly, Actor actor, CancellationToken cancellation) =>
        ChangeRole(work => register.Find(name, work.Entry), name.AccountId, readOnly, actor, cancellation);

    /// <summary>Lets an administrator change the role of a colleague.</summary>
    public Task<string> ChangeRole(
        SignedIn by, Guid colleague, bool readOnly, Actor actor, CancellationToken cancellation) => ChangeRole(
        work => LockColleague(work, by, colleague, cancellation), by.AccountId, readOnly, actor, cancellation);

    /// <summary>Lets an operator remove an administrator, even the last one, or another operator.</summary>
    public Task Remove(SignInName name, Actor actor, CancellationToken cancellation) =>
        Remove(work => register.Find(name, work.Entry), name.AccountId, actor, cancellation);

    /// <summary>Lets an administrator remove a colleague.</summary>
    public Task<string> Remove(SignedIn by, Guid colleague, Actor actor, CancellationToken cancellation) =>
        Remove(work => LockColleague(work, by, colleague, cancellation), by.AccountId, actor, cancellation);

    private async Task<string> ChangeRole(
        Func<UnitOfWork, Task<Administrator>> find,
        Guid? accountId,
        bool readOnly,
        Actor actor,
        CancellationToken cancellation) => (await operation.Run(
        actor,
        AuditAction.ChangeRole,
        accountId,
        async work =>
        {
            var administrator = await find(work);
            work.Entry.Detail = $"Role: {RoleOf(readOnly)}.";
            // The condition is checked again by the database, where somebody else may have changed it.
            if (await db.Administrators.Where(one => one.Id == administrator.Id && one.ReadOnly != readOnly)
                .ExecuteUpdateAsync(change => change.SetProperty(one => one.ReadOnly, readOnly), cancellation) == 0)
            {
                throw ProblemException.Conflict(
                    $"The role of {administrator.Email} is already {RoleOf(readOnly)}. Nothing was changed.");
            }
            // What Scim.Api knows of the portal's tokens includes the role.
            await work.Publish(SecurityEvents.SessionRevoked, administrator.AccountId, cancellation);
            return administrator.Email!;
        },
        cancellation)).Result;

    /// <summary>
    /// Removes an administrator with sessions, tokens, second factors, all invitations of and by this person, and
    /// messages that are not delivered yet.
    /// </summary>
    private async Task<string> Remove(
        Func<UnitOfWork, Task<Administrator>> find, Guid? accountId, Actor actor, CancellationToken cancellation) =>
        (await operation.Run(
        actor,
        AuditAction.RemoveAdministrator,
        accountId,
        async work =>
        {
            var administrator = await find(work);
            var (id, email) = (administrator.Id, administrator.Email!);
            await db.LockAdministrator(id, cancellation);
            var invitations = db.Invitations.Where(invitation => invitation.AccountId == administrator.AccountId
                && (invitation.AdministratorId == id || invitation.CreatedBy == email));
            var withdrawn = await invitations.OrderBy(invitation => invitation.EmailKey)
                .Select(invitation => invitation.Email).ToListAsync(cancellation);
            await invitations.ExecuteDeleteAsync(cancellation);
            if (withdrawn.Count > 0)
                work.Entry.Detail = $"Withdrawn invitations: {string.Join(", ", withdrawn)}.";
            await db.OutgoingMessages
                .Where(message => message.AccountId == administrator.AccountId && message.Recipient == email)
                .ExecuteDeleteAsync(cancellation);
            await sessions.EndAll(work, id, cancellation);
            AdministratorRegister.ThrowIfFailed(await administrators.DeleteAsync(administrator));
            return email;
        },
        cancellation)).Result;

    /// <summary>
    /// Finds a colleague whom an administrator wants to change. Whoever does that remains an administrator, so there
    /// always is one.
    /// </summary>
    private async Task<Administrator> LockColleague(
        UnitOfWork work, SignedIn by, Guid colleague, CancellationToken cancellation)
    {
        await register.Lock(by, cancellation);
        var administrator = await db.Administrators.SingleOrDefaultAsync(
            one => one.Id == colleague && one.AccountId == by.AccountId, cancellation)
            ?? throw ProblemException.NotFound("This person is no longer an administrator. Nothing was changed.");
        work.Entry.About = administrator.Email;
        return colleague != by.AdministratorId ? administrator : throw ProblemException.Conflict(
            "You cannot remove yourself or change your own role, so that the account always has an administrator. Ask "
            + "a colleague. Nothing was changed.");
    }
}
