using System.Globalization;
using System.Text.RegularExpressions;

namespace Scim.Api.Protocol.Schemas;

/// <summary>
/// A point in time in the form of RFC 7643 §2.3.5, an <c>xsd:dateTime</c>: a date and a time, in UTC if no offset is
/// named. Other forms say something else on another day or in another country.
/// </summary>
internal static partial class XsdDateTime
{
    /// <summary>The point in time that a text names; null if it names none.</summary>
    public static DateTimeOffset? Read(string text) =>
        Form().IsMatch(text)
        && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
            ? at
            : null;

    [GeneratedRegex(@"\A[0-9]{4}(-[0-9]{2}){2}[Tt]([0-9]{2}:){2}[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})?\z")]
    private static partial Regex Form();
}
