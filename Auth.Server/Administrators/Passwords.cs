using Microsoft.AspNetCore.Identity;

namespace Auth.Server.Administrators;

/// <summary>
/// Checks passwords and sets them. Hashes are computed on <see cref="PasswordThreads"/> and never within a transaction,
/// where other writers would wait for them.
/// </summary>
internal sealed class Passwords(
    UserManager<Administrator> administrators, IPasswordHasher<Administrator> hasher, PasswordThreads threads)
{
    private static readonly Administrator nobody = new() { AccountId = Guid.Empty };

    // A hash to spend the same time on when there is no such administrator.
    private static string? decoyHash;

    /// <summary>Whether a password is an administrator's; nobody's takes as long to find out.</summary>
    public async Task<bool> Verify(Administrator? administrator, string password)
    {
        // No password is longer. A longer text is refused like any other wrong one, at the same price.
        var text = password.Length <= PasswordRules.MaxLength ? password : "";
        var hash = administrator?.PasswordHash ?? (decoyHash ??= await Compute(Guid.NewGuid().ToString()));
        var result = await threads.Run(() => hasher.VerifyHashedPassword(nobody, hash, text));
        if (administrator?.PasswordHash is null || result == PasswordVerificationResult.Failed)
            return false;
        if (result == PasswordVerificationResult.SuccessRehashNeeded)
        {
            administrator.PasswordHash = await Compute(text);
            // If somebody else changes the administrator now, the old hash stays for another time.
            await administrators.UpdateAsync(administrator);
        }
        return true;
    }

    /// <summary>The hash of a new password, to be set in a transaction.</summary>
    /// <exception cref="ProblemException">The password breaks a rule (400).</exception>
    public async Task<string> Hash(string email, string password)
    {
        var administrator = new Administrator { AccountId = Guid.Empty, Email = email };
        foreach (var validator in administrators.PasswordValidators)
            AdministratorRegister.ThrowIfFailed(await validator.ValidateAsync(administrators, administrator, password));
        return await Compute(password);
    }

    /// <summary>
    /// Sets a password by its hash. The security stamp changes with it, which ends sign-ins between their two steps.
    /// For within a transaction.
    /// </summary>
    public async Task Set(Administrator administrator, string hash)
    {
        administrator.PasswordHash = hash;
        AdministratorRegister.ThrowIfFailed(await administrators.UpdateSecurityStampAsync(administrator));
    }

    private Task<string> Compute(string password) => threads.Run(() => hasher.HashPassword(nobody, password));
}
