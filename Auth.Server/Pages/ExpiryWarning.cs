using Auth.Server.Credentials;

namespace Auth.Server.Pages;

/// <summary>
/// A warning that the active credentials expire soon: shown for the last 90 days, and more urgently for the last 14.
/// </summary>
internal sealed record ExpiryWarning(CredentialSet Set, int Days)
{
    private const int From = 90;
    private const int UrgentFrom = 14;

    public bool IsUrgent => Days <= UrgentFrom;

    /// <summary>The remaining time, rounded up: <c>within a day</c>, <c>in 14 days</c>.</summary>
    public string When => Days <= 1 ? "within a day" : $"in {Days} days";

    /// <summary>The warning to show; null if there is none.</summary>
    public static ExpiryWarning? For(CredentialSet? active, DateTime now) =>
        active?.ExpiresAt is { } end && end <= now.AddDays(From)
            ? new(active, (int)Math.Ceiling((end - now).TotalDays))
            : null;
}
