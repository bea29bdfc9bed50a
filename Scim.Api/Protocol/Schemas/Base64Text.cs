using System.Buffers.Text;

namespace Scim.Api.Protocol.Schemas;

/// <summary>Binary data in base64 (RFC 7643 §2.3.6), whose padding may be omitted.</summary>
internal static class Base64Text
{
    /// <summary>Whether a string is base64, with complete padding or without any.</summary>
    public static bool IsValid(string text) => Base64.IsValid(text) || Base64.IsValid(Padded(text));

    /// <summary>Removes padding and line breaks, so that the same data is always the same string.</summary>
    public static string Fold(string text) => string.Concat(text.Where(c => !char.IsWhiteSpace(c))).TrimEnd('=');

    private static string Padded(string text)
    {
        var length = text.Count(c => !char.IsWhiteSpace(c));
        return text.Contains('=', StringComparison.Ordinal) || length % 4 < 2
            ? text
            : text + "=="[..(4 - (length % 4))];
    }
}
