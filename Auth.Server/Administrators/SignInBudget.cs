using System.Security.Cryptography;
using System.Text;

namespace Auth.Server.Administrators;

/// <summary>What the failures counted in one <see cref="SignInBudget"/> have in common.</summary>
internal enum BudgetScope
{
    /// <summary>One browser, one address in one network, or one administrator's codes. A success resets it.</summary>
    Single,

    /// <summary>One e-mail address, tried from any network.</summary>
    Address,

    /// <summary>One network, trying any address.</summary>
    Network,
}

/// <summary>
/// How many sign-ins may fail under a key without a wait, and how long the wait is after each further failure: 5 s,
/// doubled each time, up to a maximum. Failures expire one by one, one every quarter of an hour.
/// </summary>
internal sealed record SignInBudget(string Key, int Free, TimeSpan MaxWait, BudgetScope Scope = BudgetScope.Single)
{
    public static readonly TimeSpan ForgottenAfter = TimeSpan.FromMinutes(15);

    private static readonly TimeSpan maxWait = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan firstWait = TimeSpan.FromSeconds(5);

    /// <summary>The maximum number of failures counted. More do not lengthen the wait.</summary>
    public int MaxCounted => Free + 10;

    /// <summary>
    /// The budgets for an attempt with an address and a password, whether or not an administrator has the address. A
    /// browser in which that administrator has signed in before has a budget of its own. Others are counted by address
    /// and network, by address (many networks try one address), and by network (one network tries many addresses). Each
    /// site counts an address by itself, because a success resets the failures, and anybody may own it in the portal.
    /// </summary>
    public static SignInBudget[] ForPassword(string email, Administrator? administrator, Visitor visitor)
    {
        if (visitor.Device is { } device && device.AdministratorId == administrator?.Id)
            return [new($"device {device.Id}", 5, maxWait)];
        var address = visitor.Site.Root + EmailNormalizer.Normalize(email);
        return
        [
            new(Hash($"{address} {visitor.Network}"), 5, maxWait),
            new(Hash($"{address}"), 100, TimeSpan.FromMinutes(1), BudgetScope.Address),
            new(Hash($" {visitor.Network}"), 100, maxWait, BudgetScope.Network),
        ];
    }

    /// <summary>
    /// The budget for a code of a second factor. Somebody who tries one has the password, so all unknown browsers share
    /// one budget: six digits withstand about a hundred guesses a day in total, but not more.
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
