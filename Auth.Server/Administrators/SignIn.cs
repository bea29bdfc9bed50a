using Microsoft.AspNetCore.Identity;

namespace Auth.Server.Administrators;

/// <summary>What came of a sign-in: a session, or how long to wait, or neither.</summary>
internal sealed record SignInOutcome(AdministratorSession? Session, TimeSpan? Wait);

/// <summary>
/// Signing in with e-mail address and password. An unknown address costs as much time and answers the same as a wrong
/// password, and both are held off alike (<see cref="HoldOff"/>).
/// </summary>
internal sealed class SignIn(
    UserManager<Administrator> administrators,
    IPasswordHasher<Administrator> hasher,
    HoldOff holdOff,
    Sessions sessions)
{
    private static readonly Administrator nobody = new() { AccountId = Guid.Empty };

    // A hash to spend the same time on when there is no such administrator.
    private static string? decoyHash;

    public async Task<SignInOutcome> Try(
        string email, string password, Visitor visitor, CancellationToken cancellation)
    {
        var administrator = await administrators.FindByEmailAsync(email.Trim());
        var (right, wait) = await Check(email, administrator, password, visitor, cancellation);
        if (!right)
            return new(null, wait);
        await holdOff.Clear(cancellation);
        return new(await sessions.Begin(administrator!, visitor, cancellation), null);
    }

    /// <summary>Whether somebody who is signed in knows the password too; guesses are held off as at the door.</summary>
    public async Task<(bool Right, TimeSpan? Wait)> Check(
        Administrator administrator, string password, Visitor visitor, CancellationToken cancellation) =>
        await Check(administrator.Email!, administrator, password, visitor, cancellation);

    private async Task<(bool Right, TimeSpan? Wait)> Check(
        string email, Administrator? administrator, string password, Visitor visitor, CancellationToken cancellation)
    {
        var allowances = Allowance.OfPassword(email, administrator, visitor);
        if (await holdOff.Count(allowances, cancellation) is { } wait)
            return (false, wait);
        if (!await IsPassword(administrator, password))
            return (false, null);
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
