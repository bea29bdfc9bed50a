using System.Buffers.Text;

namespace Scim.Api.Protocol.Schemas;

/// <summary>Binary data in base64 (RFC 7643 §2.3.6), whose padding may be omitted.</summary>
internal static class Base64Text
{
    /// <summary>Whether a text is base64, with all of its padding or without any.</summary>
    public static bool IsValid(string text) => Base64.IsValid(text) || Base64.IsValid(Padded(text));

    /// <summary>The text by which two spellings of the same data are equal: without padding and line breaks.</summary>
    public static string Fold(string text) => string.Concat(text.Where(c => !char.IsWhiteSpace(c))).TrimEnd('=');

    private static string Padded(string text)
    {
        var length = text.Count(c => !char.IsWhiteSpace(c));
        return text.Contains('=', StringComparison.Ordinal) || length % 4 < 2
            ? text
            : text + "=="[..(4 - (length % 4))];
    }
}
