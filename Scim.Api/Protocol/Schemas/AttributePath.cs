using System.Diagnostics.CodeAnalysis;

namespace Scim.Api.Protocol.Schemas;

/// <summary>
/// The name of an attribute, such as <c>userName</c>, <c>name.givenName</c> or
/// <c>urn:ietf:params:scim:schemas:core:2.0:User:userName</c> (RFC 7644 §3.10).
/// </summary>
internal sealed record AttributePath(string? Schema, string Name, string? Sub = null)
{
    /// <summary>
    /// Parses a path. A URN may contain dots, so only the part after the last colon is split at a dot. Some clients end
    /// the URN of a schema with a colon.
    /// </summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out AttributePath? path)
    {
        if (text.EndsWith(':') && text.StartsWith("urn:", StringComparison.OrdinalIgnoreCase))
            text = text[..^1];
        var colon = text.LastIndexOf(':');
        var names = text[(colon + 1)..].Split('.');
        var schema = colon < 0 ? null : text[..colon];
        path = names.Length <= 2 && names.All(IsName) && schema != ""
            ? new AttributePath(schema, names[0], names.ElementAtOrDefault(1))
            : null;
        return path is not null;
    }

    public override string ToString() =>
        (Schema is null ? "" : Schema + ":") + Name + (Sub is null ? "" : "." + Sub);

    // ATTRNAME of RFC 7643 §2.1, and the dollar sign of $ref.
    private static bool IsName(string name) =>
        name.Length > 0
        && (char.IsAsciiLetter(name[0]) || name[0] == '$')
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '$');
}
