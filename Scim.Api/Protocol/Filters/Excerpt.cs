using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Protocol.Filters;

/// <summary>
/// Quotes client text in errors, events and logs. Clients put secrets in the wrong place (<c>password eq "…"</c>), so
/// only attributes of a schema with their values, operators and brackets are shown. An ellipsis replaces the rest.
/// </summary>
internal static partial class Excerpt
{
    private const int MaxLength = 200;
    private const string Omitted = "…";

    private static readonly HashSet<string> Operators =
        new(Enum.GetNames<FilterOperator>(), StringComparer.OrdinalIgnoreCase);

    private static readonly SearchValues<char> Ends = SearchValues.Create(" \t()[]\"");

    private static readonly HashSet<string> Words =
        new(["and", "or", "not", "pr", "true", "false", "null"], StringComparer.OrdinalIgnoreCase);

    /// <summary>A filter or path without the values of attributes that are unknown or secret.</summary>
    public static string Of(string text)
    {
        var shown = new StringBuilder();
        var (find, inside) = ((AttributeLookup)Find, (AttributeLookup)FindNothing);
        // Whether the last words were a known attribute and an operator.
        var (isKnown, isCompared) = (false, false);
        for (int i = 0, end; i < text.Length && shown.Length <= MaxLength; i = end)
        {
            end = EndOfToken(text, i);
            var token = text[i..end];
            if (token is "[")
                find = inside;
            else if (token is "]")
                find = Find;
            if (IsPunctuation(token[0]))
                shown.Append(token);
            else if (Operators.Contains(token) && !isCompared)
            {
                shown.Append(token);
                isCompared = true;
            }
            else
            {
                var isValue = isKnown && isCompared;
                var lookup = token[0] == '.' ? inside : find;
                var target = !isCompared && AttributePath.TryParse(token.TrimStart('.'), out var path)
                    ? lookup(path)
                    : null;
                isKnown = target is { Attribute: not null, IsSecret: false };
                if (isKnown && find == Find && token[0] != '.')
                    inside = target!.Sub is null ? target.Attribute!.FindSubTarget : FindNothing;
                else if (find == Find)
                    inside = FindNothing;
                shown.Append(isValue || isKnown || Words.Contains(token) ? token
                    : token[0] == '"' ? $"\"{Omitted}\"" : Omitted);
                isCompared = false;
            }
        }
        return Cut(shown.ToString());
    }

    /// <summary>
    /// A word where a name was expected: quoted if it could be a name, otherwise omitted, such as
    /// <c>password:secret</c>.
    /// </summary>
    public static string OfName(string word) =>
        AttributePath.TryParse(word, out var path) && HasKnownForm(path) ? $"\"{Cut(word)}\"" : "this word";

    /// <summary>An attribute's name, even an unknown one, unless its URN cannot be that of a schema.</summary>
    public static string OfName(AttributePath path) => HasKnownForm(path) ? Cut(path.ToString()) : "this name";

    /// <summary>An attribute of any resource type.</summary>
    public static AttributeTarget? Find(AttributePath path) => ResourceType.All
        .Select(type => type.Find(path)).FirstOrDefault(target => target is { Attribute: not null });

    public static AttributeTarget? FindNothing(AttributePath path) => null;

    public static string Cut(string text) => text.Length <= MaxLength ? text : text[..MaxLength] + Omitted;

    // The URNs of schemas end in a version and a type (RFC 7643 §10.3); other words with a colon may be secrets.
    private static bool HasKnownForm(AttributePath path) =>
        path.Schema is null || SchemaUrn().IsMatch(path.Schema) || SchemaUrn().IsMatch(path.ToString());

    [GeneratedRegex(
        @"^urn:([a-z0-9-]+:)+[0-9]+\.[0-9]+:[a-z]+\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex SchemaUrn();

    private static bool IsPunctuation(char c) => c is ' ' or '\t' or '(' or ')' or '[' or ']';

    private static int EndOfToken(string text, int start)
    {
        if (IsPunctuation(text[start]))
            return start + 1;
        if (text[start] != '"')
        {
            var length = text.AsSpan(start).IndexOfAny(Ends);
            return length < 0 ? text.Length : start + length;
        }
        var end = start + 1;
        while (end < text.Length && text[end] != '"')
            end += text[end] == '\\' ? 2 : 1;
        return Math.Min(end + 1, text.Length);
    }
}
