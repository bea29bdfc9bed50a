using Auth.Server.Accounts;
using Auth.Server.Audit;
using Auth.Server.Data;
using Auth.Server.Operations;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Administrators;

/// <summary>The second factors that an administrator has.</summary>
internal sealed record SecondFactors(bool App, int Passkeys, int RecoveryCodes)
{
    public bool Any => App || Passkeys > 0;
}

/// <summary>
/// All second factors of administrators. An administrator who has one is asked for it at each sign-in. An account can
/// require one, and operators always need one. Recovery codes are created with the first factor and deleted with the
/// last.
/// </summary>
internal sealed class SecondFactorRegister(
    AuthDbContext db,
    UserManager<Administrator> administrators,
    AuthenticatorApps apps,
    RecoveryCodes recoveryCodes,
    Sessions sessions,
    Operation operation)
{
    public async Task<SecondFactors> Of(Guid administratorId, CancellationToken cancellation) => new(
        await db.AuthenticatorApps.AnyAsync(app => app.AdministratorId == administratorId, cancellation),
        await db.Passkeys.CountAsync(passkey => passkey.UserId == administratorId, cancellation),
        await db.RecoveryCodes.CountAsync(code => code.AdministratorId == administratorId, cancellation));

    /// <summary>Whether a second factor is required: always of operators, otherwise if the account says so.</summary>
    public async Task<bool> IsRequired(SignedIn administrator, CancellationToken cancellation) =>
        administrator.IsOperator || await db.Accounts.Where(account => account.Id == administrator.AccountId)
            .Select(account => account.RequireSecondFactor).SingleAsync(cancellation);

    /// <summary>Whether a second factor is required and the administrator has none.</summary>
    public async Task<bool> IsMissing(SignedIn administrator, CancellationToken cancellation) =>
        await IsRequired(administrator, cancellation)
        && !(await Of(administrator.AdministratorId, cancellation)).Any;

    /// <summary>
    /// Adds a factor, and ends other sessions, which began without it. With the first factor, returns recovery
    /// codes to show.
    /// </summary>
    public async Task<IReadOnlyList<string>> Add(
        SignedIn administrator, string what, Func<Task> add, Actor actor, CancellationToken cancellation) =>
        (await operation.Run(
            actor,
            AuditAction.AddSecondFactor,
            administrator.Account,
            async work =>
            {
                work.Entry.Detail = what;
                // So that nobody else adds or removes a factor while they are counted.
                await db.LockAdministrator(administrator.AdministratorId, cancellation);
                await add();
                var codes = (await Of(administrator.AdministratorId, cancellation)).RecoveryCodes == 0
                    ? await recoveryCodes.Renew(administrator.AdministratorId, cancellation)
                    : [];
                await sessions.EndOthers(work, administrator, cancellation);
                return codes;
            },
            cancellation)).Result;

    /// <summary>Removes a factor, unless it is the last one and one is required.</summary>
    public Task Remove(
        SignedIn administrator, string what, Func<Task> remove, Actor actor, CancellationToken cancellation) =>
        operation.Run(
            actor,
            AuditAction.RemoveSecondFactor,
            administrator.Account,
            async work =>
            {
                work.Entry.Detail = what;
                await db.LockAdministrator(administrator.AdministratorId, cancellation);
                await remove();
                if (!(await Of(administrator.AdministratorId, cancellation)).Any)
                {
                    if (await IsRequired(administrator, cancellation))
                    {
                        throw ProblemException.Conflict(
                            "A second factor is required, and this is your last one. Add another before you remove "
                            + "it.");
                    }

                    await recoveryCodes.Remove(administrator.AdministratorId, cancellation);
                }

                await sessions.EndOthers(work, administrator, cancellation);
            },
            cancellation);

    /// <summary>
    /// Removes the second factors of an administrator who has lost them, and signs the administrator out everywhere.
    /// </summary>
    public async Task Reset(UnitOfWork work, Administrator administrator, CancellationToken cancellation)
    {
        await db.LockAdministrator(administrator.Id, cancellation);
        await apps.Remove(administrator.Id, cancellation);
        await recoveryCodes.Remove(administrator.Id, cancellation);
        await db.Passkeys.Where(passkey => passkey.UserId == administrator.Id).ExecuteDeleteAsync(cancellation);
        // Ends sign-ins that are between their two steps.
        AdministratorRegister.ThrowIfFailed(await administrators.UpdateSecurityStampAsync(administrator));
        await sessions.EndAll(work, administrator.Id, cancellation);
    }

    /// <summary>Replaces the recovery codes by new ones, if the administrator has a second factor.</summary>
    public async Task<IReadOnlyList<string>> RenewCodes(
        SignedIn administrator, Actor actor, CancellationToken cancellation) =>
        (await operation.Run(
            actor,
            AuditAction.RenewRecoveryCodes,
            administrator.Account,
            async _ =>
            {
                await db.LockAdministrator(administrator.AdministratorId, cancellation);
                return (await Of(administrator.AdministratorId, cancellation)).Any
                    ? await recoveryCodes.Renew(administrator.AdministratorId, cancellation)
                    : throw ProblemException.Conflict("You have no second factor, so you need no recovery codes.");
            },
            cancellation)).Result;

    /// <summary>
    /// Whether a code is a current code of the administrator's app or a recovery code. A valid code cannot
    /// be used again.
    /// </summary>
    public async Task<bool> Use(Guid administratorId, string code, CancellationToken cancellation)
    {
        code = string.Concat(code.Where(char.IsLetterOrDigit));
        return await apps.Use(administratorId, code, cancellation)
            || await recoveryCodes.Use(administratorId, code, cancellation);
    }
}
