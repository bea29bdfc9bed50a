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
internal sealed record SignInBudget(string Key, int Free, TimeSpan LongestWait, BudgetScope Of = BudgetScope.One)
{
    public static readonly TimeSpan ForgottenAfter = TimeSpan.FromMinutes(15);

    private static readonly TimeSpan longestWait = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan firstWait = TimeSpan.FromSeconds(5);

    /// <summary>The most failures that are counted; after that, the wait grows no more.</summary>
    public int MostCounted => Free + 10;

    /// <summary>
    /// The budgets in which a password is counted that is tried with an address, whether an administrator has the
    /// address or not. A browser in which its administrator has signed in has a budget of its own. Others are counted
    /// by address and network, by address (many networks that try one address) and by network (one that tries many
    /// addresses).
    /// </summary>
    public static SignInBudget[] OfPassword(string email, Administrator? administrator, Visitor visitor)
    {
        if (visitor.Device is { } device && device.AdministratorId == administrator?.Id)
            return [new($"device {device.Id}", 5, longestWait)];
        var address = AddressKey.Of(email);
        return
        [
            new(Hash($"{address} {visitor.Network}"), 5, longestWait),
            new(Hash($"{address}"), 100, TimeSpan.FromMinutes(1), BudgetScope.Address),
            new(Hash($" {visitor.Network}"), 100, longestWait, BudgetScope.Network),
        ];
    }

    /// <summary>
    /// The budget in which a second factor's code is counted. Whoever tries one has the password, so unknown browsers
    /// share one budget: six digits withstand a hundred guesses a day, from wherever they come, and no more.
    /// </summary>
    public static SignInBudget[] OfCode(Administrator administrator, Visitor visitor) =>
        visitor.Device is { } device && device.AdministratorId == administrator.Id
            ? [new($"code {device.Id}", 5, longestWait)]
            : [new($"code {administrator.Id}", 5, longestWait)];

    public TimeSpan WaitAfter(int failures) => failures < Free
        ? TimeSpan.Zero
        : TimeSpan.FromSeconds(Math.Min(
            LongestWait.TotalSeconds, firstWait.TotalSeconds * Math.Pow(2, Math.Min(failures, MostCounted) - Free)));

    private static string Hash(string text) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
