using System.Globalization;
using System.Text.RegularExpressions;

namespace Scim.Api.Protocol.Schemas;

/// <summary>
/// Parses the <c>xsd:dateTime</c> of RFC 7643 §2.3.5: a date and a time, in UTC if there is no offset. Other formats
/// are refused, because their meaning depends on the day or the country.
/// </summary>
internal static partial class XsdDateTime
{
    /// <summary>Parses a date-time; null if it is not valid.</summary>
    public static DateTimeOffset? Read(string text)
    {
        if (Form().Match(text) is not { Success: true } form)
            return null;
        // 24:00:00 is the end of a day and the beginning of the next.
        var endsDay = form.Groups["midnight"] is { Success: true };
        if (endsDay)
            text = string.Concat(text.AsSpan(0, DateLength), "T00", text.AsSpan(DateLength + "T24".Length));
        if (!DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at))
            return null;
        if (!endsDay)
            return at;
        return DateTime.MaxValue - at.UtcDateTime >= TimeSpan.FromDays(1)
            ? new DateTimeOffset(at.UtcDateTime.AddDays(1))
            : null;
    }

    private const int DateLength = 10;

    [GeneratedRegex(
        @"\A[0-9]{4}(-[0-9]{2}){2}[Tt]((?<midnight>24:00:00(\.0+)?)|([0-9]{2}:){2}[0-9]{2}(\.[0-9]+)?)"
        + @"([Zz]|[+-][0-9]{2}:[0-9]{2})?\z")]
    private static partial Regex Form();
}
