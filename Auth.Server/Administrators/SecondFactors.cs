using Auth.Server.Accounts;
using Auth.Server.Audit;
using Auth.Server.Data;
using Auth.Server.Operations;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Administrators;

/// <summary>What an administrator can prove who they are with, beside the password.</summary>
internal sealed record SecondFactors(bool App, int Passkeys, int RecoveryCodes)
{
    public bool Any => App || Passkeys > 0;
}

/// <summary>
/// Second factors as a whole: whoever has one is asked for one, and an account may insist on it. The recovery codes
/// come with the first and go with the last.
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

    public Task<bool> IsRequired(Guid accountId, CancellationToken cancellation) =>
        db.Accounts.Where(account => account.Id == accountId).Select(account => account.RequireSecondFactor)
            .SingleAsync(cancellation);

    /// <summary>Whether the account insists on a second factor that the administrator does not have.</summary>
    public async Task<bool> IsMissing(SignedIn administrator, CancellationToken cancellation) =>
        await IsRequired(administrator.AccountId, cancellation)
        && !(await Of(administrator.AdministratorId, cancellation)).Any;

    /// <summary>
    /// Adds one: other sessions were begun with less, and end. The first brings recovery codes, to be shown.
    /// </summary>
    public async Task<IReadOnlyList<string>> Add(
        SignedIn administrator, string what, Func<Task> add, Actor actor, CancellationToken cancellation) =>
        (await operation.Run(
        actor,
        AuditAction.AddSecondFactor,
        administrator.AccountId,
        async work =>
        {
            work.Entry.Detail = what;
            await Lock(administrator.AdministratorId, cancellation);
            await add();
            var codes = (await Of(administrator.AdministratorId, cancellation)).RecoveryCodes == 0
                ? await recoveryCodes.Renew(administrator.AdministratorId, cancellation)
                : [];
            await sessions.EndOthers(work, administrator, cancellation);
            return codes;
        },
        cancellation)).Result;

    /// <summary>Removes one, unless it is the last and the account insists on it.</summary>
    public Task Remove(
        SignedIn administrator, string what, Func<Task> remove, Actor actor, CancellationToken cancellation) =>
        operation.Run(
        actor,
        AuditAction.RemoveSecondFactor,
        administrator.AccountId,
        async work =>
        {
            work.Entry.Detail = what;
            await Lock(administrator.AdministratorId, cancellation);
            await remove();
            if (!(await Of(administrator.AdministratorId, cancellation)).Any)
            {
                if (await IsRequired(administrator.AccountId, cancellation))
                {
                    throw ProblemException.Conflict(
                        "Your account requires a second factor, and this is your last. Add another before you remove "
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
        await Lock(administrator.Id, cancellation);
        await apps.Remove(administrator.Id, cancellation);
        await recoveryCodes.Remove(administrator.Id, cancellation);
        await db.Passkeys.Where(passkey => passkey.UserId == administrator.Id).ExecuteDeleteAsync(cancellation);
        // What was begun with the old ones ends too: sessions, and sign-ins between the two steps.
        AdministratorRegister.ThrowIfFailed(await administrators.UpdateSecurityStampAsync(administrator));
        await sessions.EndAll(work, administrator.Id, cancellation);
    }

    /// <summary>
    /// Makes new recovery codes in the place of the old ones, if there is a factor that they stand in for.
    /// </summary>
    public async Task<IReadOnlyList<string>> RenewCodes(
        SignedIn administrator, Actor actor, CancellationToken cancellation) => (await operation.Run(
        actor,
        AuditAction.RenewRecoveryCodes,
        administrator.AccountId,
        async _ =>
        {
            await Lock(administrator.AdministratorId, cancellation);
            return (await Of(administrator.AdministratorId, cancellation)).Any
                ? await recoveryCodes.Renew(administrator.AdministratorId, cancellation)
                : throw ProblemException.Conflict("There is no second factor that recovery codes could stand in for.");
        },
        cancellation)).Result;

    /// <summary>
    /// Whether a code, of the app or for recovery, is one of an administrator's. It is used up by that.
    /// </summary>
    public async Task<bool> Use(Guid administratorId, string code, CancellationToken cancellation)
    {
        code = string.Concat(code.Where(char.IsLetterOrDigit));
        return await apps.Use(administratorId, code, cancellation)
            || await recoveryCodes.Use(administratorId, code, cancellation);
    }

    /// <summary>
    /// Locks the administrator's row on PostgreSQL until the transaction ends: what is there is counted when nobody
    /// else can add or remove anything.
    /// </summary>
    private Task<int> Lock(Guid administratorId, CancellationToken cancellation) =>
        db.Administrators.Where(administrator => administrator.Id == administratorId).ExecuteUpdateAsync(
            change => change.SetProperty(one => one.AccessFailedCount, one => one.AccessFailedCount),
            cancellation);
}
