using Microsoft.AspNetCore.Identity;

namespace Auth.Server.Administrators;

/// <summary>
/// Verifies and sets passwords. Hashes are computed on <see cref="PasswordThreads"/>, and never within a transaction,
/// because other writers would have to wait.
/// </summary>
internal sealed class Passwords(
    UserManager<Administrator> administrators, IPasswordHasher<Administrator> hasher, PasswordThreads threads)
{
    private static readonly Administrator noAdministrator = new() { AccountId = null };

    // Verified when there is no such administrator, so that the response takes the same time.
    private static string? decoyHash;

    /// <summary>Whether a password is that of the administrator. If there is none (null), it takes as long.</summary>
    public async Task<bool> Verify(Administrator? administrator, string password)
    {
        // No password is longer than that. A longer text is refused like any wrong password, in the same time.
        var text = password.Length <= PasswordRules.MaxLength ? password : "";
        var hash = administrator?.PasswordHash ?? (decoyHash ??= await Compute(Guid.NewGuid().ToString()));
        var result = await threads.Run(() => hasher.VerifyHashedPassword(noAdministrator, hash, text));
        if (administrator?.PasswordHash is null || result == PasswordVerificationResult.Failed)
            return false;
        if (result == PasswordVerificationResult.SuccessRehashNeeded)
        {
            administrator.PasswordHash = await Compute(text);
            // If this fails because of a concurrent change, the next sign-in rehashes the password.
            await administrators.UpdateAsync(administrator);
        }
        return true;
    }

    /// <summary>Checks a new password against the rules, and hashes it.</summary>
    /// <exception cref="ProblemException">The password breaks a rule (400).</exception>
    public async Task<string> Hash(string email, string password)
    {
        var administrator = new Administrator { AccountId = null, Email = email };
        foreach (var validator in administrators.PasswordValidators)
            AdministratorRegister.ThrowIfFailed(await validator.ValidateAsync(administrators, administrator, password));
        return await Compute(password);
    }

    /// <summary>
    /// Sets a password, given as its hash. This changes the security stamp, which ends sign-ins that are between their
    /// two steps. Call within a transaction.
    /// </summary>
    public async Task Set(Administrator administrator, string hash)
    {
        administrator.PasswordHash = hash;
        AdministratorRegister.ThrowIfFailed(await administrators.UpdateSecurityStampAsync(administrator));
    }

    private Task<string> Compute(string password) => threads.Run(() => hasher.HashPassword(noAdministrator, password));
}
