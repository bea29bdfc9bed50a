using System.Security.Cryptography;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Conformance;

/// <summary>
/// The values of the names in braces of an exchange. <c>{tag}</c> is new and random for each; <c>{TAG}</c> and
/// <c>{DOMAIN}</c> are the same values in upper case.
/// </summary>
internal sealed partial class Names
{
    private readonly Dictionary<string, string> values = new(StringComparer.Ordinal);

    public Names(string domain)
    {
        Tag = RandomNumberGenerator.GetString("abcdefghijkmnpqrstuvwxyz23456789", 10);
        (this["tag"], this["TAG"]) = (Tag, Tag.ToUpperInvariant());
        (this["domain"], this["DOMAIN"]) = (domain, domain.ToUpperInvariant());
    }

    /// <summary>Part of the userName of every user that is created with these names, and of no other.</summary>
    public string Tag { get; }

    public string this[string name]
    {
        set => values[name] = value;
    }

    /// <summary>The names in a text that have no value.</summary>
    public IEnumerable<string> UnknownIn(string text) => Placeholder().Matches(text)
        .Select(match => match.Groups[1].Value).Where(name => !values.ContainsKey(name)).Distinct();

    public string Fill(string text) => Fill(text, value => value);

    public string FillPath(string path) => Fill(path, Uri.EscapeDataString);

    public JsonNode? Fill(JsonNode? json) => json switch
    {
        JsonObject parts => new JsonObject(
            parts.Select(part => KeyValuePair.Create(Fill(part.Key), Fill(part.Value)))),
        JsonArray elements => new JsonArray([.. elements.Select(Fill)]),
        JsonValue value when value.TryGetValue<string>(out var text) => JsonValue.Create(Fill(text)),
        _ => json?.DeepClone(),
    };

    private string Fill(string text, Func<string, string> write) => Placeholder().Replace(
        text, match => values.TryGetValue(match.Groups[1].Value, out var value) ? write(value) : match.Value);

    [GeneratedRegex(@"\{([a-zA-Z]\w*)\}")]
    private static partial Regex Placeholder();
}
