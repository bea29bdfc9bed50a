using System.Security.Cryptography;
using System.Text;

namespace Auth.Server.Administrators;

/// <summary>What the failures under the key of an <see cref="Allowance"/> have in common.</summary>
internal enum AllowanceOf
{
    /// <summary>One browser, one account name in one network, or one administrator's codes. A success forgets all failures.</summary>
    One,

    /// <summary>One e-mail address, tried from any network.</summary>
    Address,

    /// <summary>One network, trying any address.</summary>
    Network,
}

/// <summary>
/// How many failures in a row are free under a key, and how long the wait then becomes: 5 s, doubling with each further
/// failure, up to a longest. Failures are forgotten continuously, one every quarter of an hour.
/// </summary>
internal sealed record Allowance(string Key, int Free, TimeSpan LongestWait, AllowanceOf Of = AllowanceOf.One)
{
    public static readonly TimeSpan ForgottenAfter = TimeSpan.FromMinutes(15);

    private static readonly TimeSpan longestWait = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan firstWait = TimeSpan.FromSeconds(5);

    /// <summary>Beyond it the wait grows no more.</summary>
    public int MostCounted => Free + 10;

    /// <summary>
    /// What a password tried under an address is counted by, whether the address is anybody's or not. A browser in
    /// which its administrator has signed in has an allowance of its own. Strangers are counted by address and network,
    /// by address (many networks that try one) and by network (one that tries many addresses).
    /// </summary>
    public static Allowance[] OfPassword(string email, Administrator? administrator, Visitor visitor)
    {
        if (visitor.Device is { } device && device.AdministratorId == administrator?.Id)
            return [new($"device {device.Id}", 5, longestWait)];
        var address = AddressKey.Of(email);
        return
        [
            new(Hash($"{address} {visitor.Network}"), 5, longestWait),
            new(Hash($"{address}"), 100, TimeSpan.FromMinutes(1), AllowanceOf.Address),
            new(Hash($" {visitor.Network}"), 100, longestWait, AllowanceOf.Network),
        ];
    }

    /// <summary>
    /// What a second factor's code is counted by. To try one takes the password, so strangers share one allowance: six
    /// digits stand a hundred guesses a day, from wherever they come, and no more.
    /// </summary>
    public static Allowance[] OfCode(Administrator administrator, Visitor visitor) =>
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
