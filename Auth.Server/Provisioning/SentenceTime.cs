using System.Globalization;

namespace Auth.Server.Provisioning;

/// <summary>Times in the middle of a sentence, UTC.</summary>
internal static class SentenceTime
{
    /// <summary><c>10:00 UTC on 20 November 2026</c>.</summary>
    public static string Of(DateTime time) =>
        time.ToString("HH:mm 'UTC on' d MMMM yyyy", CultureInfo.InvariantCulture);

    /// <summary><c>20 November 2026</c>.</summary>
    public static string DayOf(DateTime? time) => time is { } at
        ? at.ToString("d MMMM yyyy", CultureInfo.InvariantCulture)
        : "an unknown day";
}
