using Scim.Api.Protocol.Filters;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Protocol.Patching;

/// <summary>
/// The target of an operation, such as <c>emails[type eq "work"].value</c> (RFC 7644 §3.5.2, figure 7).
/// </summary>
internal sealed record PatchPath(AttributePath Attribute, Filter? Filter = null, string? Sub = null)
{
    /// <summary>Parses a path; a malformed one is <c>invalidPath</c>, naming the position.</summary>
    public static PatchPath Parse(string text) => FilterParser.ParsePath(text);

    public static PatchPath? TryParse(string text)
    {
        try
        {
            return Parse(text);
        }
        catch (ScimException)
        {
            return null;
        }
    }

    public override string ToString() =>
        Attribute + (Filter is null ? "" : $"[{Filter}]") + (Sub is null ? "" : $".{Sub}");
}
