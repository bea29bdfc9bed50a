using Auth.Server.Administrators;
using Auth.Server.Audit;
using Auth.Server.Connect;
using Auth.Server.Data;
using Auth.Server.Operations;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Management;

/// <summary>Removes administrators and the tokens that were issued to them.</summary>
internal sealed class AdministratorRemoval(AuthDbContext db, AdministratorRegister register, Operation operation)
{
    /// <exception cref="ProblemException">
    /// There is no such administrator (404), or there are several and no account is given (409).
    /// </exception>
    public Task Remove(string email, Guid? accountId, Actor actor, CancellationToken cancellation) => operation.Run(
        actor,
        AuditAction.RemoveAdministrator,
        accountId,
        async work =>
        {
            var administrator = await register.Find(email, accountId, work.Entry);
            await db.Tokens.Where(token => token.Session!.AdministratorId == administrator.Id)
                .ExecuteDeleteAsync(cancellation);
            await register.Remove(work, administrator, cancellation);
        },
        cancellation);
}
