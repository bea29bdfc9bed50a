using System.Security.Cryptography;
using System.Text;

namespace Auth.Server.Administrators;

/// <summary>What the failures that are counted in one <see cref="SignInBudget"/> have in common.</summary>
internal enum BudgetScope
{
    /// <summary>One browser, one address in one network, or one administrator's codes. A success resets it.</summary>
    One,

    /// <summary>One e-mail address, tried from any network.</summary>
    Address,

    /// <summary>One network, trying any address.</summary>
    Network,
}

/// <summary>
/// How many failed sign-ins are free under a key, and how long the wait is after each further one: 5 s, doubled with
/// each failure, up to a maximum. Failures are forgotten continuously, one every quarter of an hour.
/// </summary>
internal sealed record SignInBudget(string Key, int Free, TimeSpan MaxWait, BudgetScope Of = BudgetScope.One)
{
    public static readonly TimeSpan ForgottenAfter = TimeSpan.FromMinutes(15);

    private static readonly TimeSpan maxWait = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan firstWait = TimeSpan.FromSeconds(5);

    /// <summary>The most failures that are counted; after that, the wait grows no more.</summary>
    public int MaxCounted => Free + 10;

    /// <summary>
    /// The budgets in which a password is counted that is tried with an address, whether an administrator has the
    /// address or not. A browser in which its administrator has signed in has a budget of its own. Others are counted
    /// by address and network, by address (many networks that try one address) and by network (one that tries many
    /// addresses).
    /// </summary>
    public static SignInBudget[] ForPassword(string email, Administrator? administrator, Visitor visitor)
    {
        if (visitor.Device is { } device && device.AdministratorId == administrator?.Id)
            return [new($"device {device.Id}", 5, maxWait)];
        var address = EmailNormalizer.Normalize(email);
        return
        [
            new(Hash($"{address} {visitor.Network}"), 5, maxWait),
            new(Hash($"{address}"), 100, TimeSpan.FromMinutes(1), BudgetScope.Address),
            new(Hash($" {visitor.Network}"), 100, maxWait, BudgetScope.Network),
        ];
    }

    /// <summary>
    /// The budget in which a second factor's code is counted. Whoever tries one has the password, so unknown browsers
    /// share one budget: six digits withstand a hundred guesses a day, from wherever they come, and no more.
    /// </summary>
    public static SignInBudget[] ForCode(Administrator administrator, Visitor visitor) =>
        visitor.Device is { } device && device.AdministratorId == administrator.Id
            ? [new($"code {device.Id}", 5, maxWait)]
            : [new($"code {administrator.Id}", 5, maxWait)];

    public TimeSpan WaitAfter(int failures) => failures < Free
        ? TimeSpan.Zero
        : TimeSpan.FromSeconds(Math.Min(
            MaxWait.TotalSeconds, firstWait.TotalSeconds * Math.Pow(2, Math.Min(failures, MaxCounted) - Free)));

    private static string Hash(string text) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
