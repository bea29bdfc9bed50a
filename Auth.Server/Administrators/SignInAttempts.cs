using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Auth.Server.Administrators;

/// <summary>
/// Failed sign-ins in a row under one e-mail address, whether it is anybody's or not: a stranger learns nothing from
/// being held off.
/// </summary>
internal sealed class SignInAttempts
{
    private const int FreeFailures = 5;
    private static readonly TimeSpan longestWait = TimeSpan.FromMinutes(15);

    /// <summary>SHA-256 of the address in upper case.</summary>
    public required string EmailKey { get; init; }

    public int Failures { get; set; }

    /// <summary>No attempt before this time is looked at, UTC.</summary>
    public DateTime BlockedUntil { get; set; }

    public static string KeyOf(string email) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(email.Trim().ToUpperInvariant())));

    /// <summary>Five failures are free; then the wait is 5 s and doubles with each further one, up to 15 minutes.</summary>
    public static TimeSpan WaitAfter(int failures) => failures < FreeFailures
        ? TimeSpan.Zero
        : TimeSpan.FromSeconds(Math.Min(longestWait.TotalSeconds, 5 * Math.Pow(2, failures - FreeFailures)));

    internal sealed class Configuration : IEntityTypeConfiguration<SignInAttempts>
    {
        public void Configure(EntityTypeBuilder<SignInAttempts> attempts) => attempts.HasKey(a => a.EmailKey);
    }
}
