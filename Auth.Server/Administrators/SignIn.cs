using Auth.Server.Audit;
using Microsoft.AspNetCore.Identity;

namespace Auth.Server.Administrators;

/// <summary>
/// What came of a sign-in: a session, or how long to wait, or a ticket for the second step, or nothing.
/// </summary>
internal sealed record SignInOutcome(
    AdministratorSession? Session = null, TimeSpan? Wait = null, string? Ticket = null);

/// <summary>
/// Who knows the password, and is to show a second factor. The stamp is another when the password is.
/// </summary>
internal sealed record SecondStep(Guid AdministratorId, string Stamp);

/// <summary>
/// Signing in: with e-mail address and password and then, if the administrator has one, a second factor; or with a
/// passkey alone. An unknown address costs as much time and answers the same as a wrong password, and both are held off
/// alike (<see cref="HoldOff"/>). There is no session before the last step.
/// </summary>
internal sealed class SignIn(
    UserManager<Administrator> administrators,
    IPasswordHasher<Administrator> hasher,
    HoldOff holdOff,
    SecondFactorRegister factors,
    Sessions sessions,
    Tickets tickets,
    AuditTrail audit)
{
    private const string ToSecondStep = "second step";
    private static readonly TimeSpan betweenSteps = TimeSpan.FromMinutes(10);
    private static readonly Administrator nobody = new() { AccountId = Guid.Empty };

    // A hash to spend the same time on when there is no such administrator.
    private static string? decoyHash;

    public async Task<SignInOutcome> Try(
        string email, string password, Visitor visitor, CancellationToken cancellation)
    {
        var administrator = await administrators.FindByEmailAsync(email.Trim());
        var (right, wait) = await Check(AuditAction.SignIn, email, administrator, password, visitor, cancellation);
        if (!right)
            return new(Wait: wait);
        if ((await factors.Of(administrator!.Id, cancellation)).Any)
            return new(Ticket: tickets.Issue(
                ToSecondStep, new SecondStep(administrator.Id, administrator.SecurityStamp!), betweenSteps));
        return new(await sessions.Begin(administrator, visitor, cancellation));
    }

    /// <summary>
    /// Who is between the two steps; null if the ticket is none or too old, or the password has changed.
    /// </summary>
    public async Task<Administrator?> FindBetweenSteps(string? ticket) =>
        tickets.Read<SecondStep>(ToSecondStep, ticket) is { } step
        && await administrators.FindByIdAsync(step.AdministratorId.ToString()) is { } administrator
        && administrator.SecurityStamp == step.Stamp
            ? administrator
            : null;

    /// <summary>The second step: a code of the authenticator app, or one for recovery.</summary>
    public async Task<SignInOutcome> TryCode(
        Administrator administrator, string code, Visitor visitor, CancellationToken cancellation)
    {
        var allowances = Allowance.OfCode(administrator, visitor);
        if (await holdOff.Count(allowances, cancellation) is { } wait)
            return new(Wait: wait);
        if (!await factors.Use(administrator.Id, code, cancellation))
        {
            audit.Actor = audit.Actor with { Name = administrator.Email! };
            await audit.Refused(AuditAction.SignIn, administrator.AccountId, "The code of the second step was wrong.");
            return new();
        }

        await holdOff.Forgive(allowances, cancellation);
        return new(await sessions.Begin(administrator, visitor, cancellation));
    }

    /// <summary>
    /// Whether somebody who is signed in knows the password too; guesses are held off as at the door.
    /// </summary>
    public Task<(bool Right, TimeSpan? Wait)> Check(
        Administrator administrator, string password, Visitor visitor, CancellationToken cancellation) =>
        Check(AuditAction.ConfirmIdentity, administrator.Email!, administrator, password, visitor, cancellation);

    // A guess that is held off is not looked at, and an address of nobody is nobody's business: neither leaves an entry.
    private async Task<(bool Right, TimeSpan? Wait)> Check(
        AuditAction action,
        string email,
        Administrator? administrator,
        string password,
        Visitor visitor,
        CancellationToken cancellation)
    {
        var allowances = Allowance.OfPassword(email, administrator, visitor);
        if (await holdOff.Count(allowances, cancellation) is { } wait)
            return (false, wait);
        if (administrator is not null)
            audit.Actor = audit.Actor with { Name = administrator.Email! };
        if (!await IsPassword(administrator, password))
        {
            if (administrator is not null)
                await audit.Refused(action, administrator.AccountId, "The password was wrong.");
            return (false, null);
        }

        await holdOff.Forgive(allowances, cancellation);
        return (true, null);
    }

    private async Task<bool> IsPassword(Administrator? administrator, string password)
    {
        if (administrator is { PasswordHash: not null })
            return await administrators.CheckPasswordAsync(administrator, password);
        decoyHash ??= hasher.HashPassword(nobody, Guid.NewGuid().ToString());
        hasher.VerifyHashedPassword(nobody, decoyHash, password);
        return false;
    }
}
