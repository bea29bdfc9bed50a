using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Protocol.Filters;

/// <summary>
/// A resource in the form that filters and sorting use: the same attributes, with each value folded once by the schema,
/// so that afterwards everything is compared exactly. Strings with <c>caseExact: false</c> are folded
/// (<see cref="CaseFolding"/>). Date-times become UTC with microseconds and fixed width, so that they sort as text.
/// </summary>
internal static class SearchDocument
{
    /// <summary>
    /// Increased whenever the same document would be folded differently: by a new version of Unicode, or a changed type
    /// or <c>caseExact</c> of an attribute. Documents with lower versions are folded again.
    /// </summary>
    public const int Version = 3;

    private const string InstantFormat = "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'";

    public static JsonObject Of(ResourceType type, JsonObject resource)
    {
        var folded = Fold(type.Schema.Attributes, resource);
        foreach (var (name, value) in Fold(Schema.Common.Attributes, resource))
            folded[name] = value?.DeepClone();
        foreach (var extension in type.Extensions)
        {
            if (resource[extension.Id] is JsonObject extended)
                folded[extension.Id] = Fold(extension.Attributes, extended);
        }
        return folded;
    }

    /// <summary>
    /// A single value as it is compared: a string, a boolean or a number; null if it is not valid for the attribute's
    /// type. The type in the schema decides, not the type in JSON, so that a filter's literal is read in the same way.
    /// </summary>
    public static object? Fold(SchemaAttribute attribute, JsonElement value) => attribute.Type switch
    {
        AttributeType.Boolean => ReadBoolean(value),
        AttributeType.Decimal or AttributeType.Integer => ReadNumber(value),
        AttributeType.DateTime => ReadInstant(value),
        AttributeType.Complex => null,
        _ when value.ValueKind != JsonValueKind.String => null,
        AttributeType.Binary => Base64Text.Fold(value.GetString()!),
        _ => attribute.CaseExact ? value.GetString() : CaseFolding.Fold(value.GetString()!),
    };

    /// <summary>Parses a folded date-time.</summary>
    public static DateTime ToInstant(string folded) => DateTime.ParseExact(
        folded,
        InstantFormat,
        CultureInfo.InvariantCulture,
        DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal);

    /// <summary>Folds a date-time.</summary>
    public static string FoldInstant(DateTime utc) => utc.ToString(InstantFormat, CultureInfo.InvariantCulture);

    private static JsonObject Fold(IReadOnlyList<SchemaAttribute> attributes, JsonObject values)
    {
        var folded = new JsonObject();
        foreach (var attribute in attributes)
        {
            if (values[attribute.Name] is not { } value)
                continue;
            folded[attribute.Name] = value is JsonArray array
                ? new JsonArray([.. array.OfType<JsonNode>().Select(element => Fold(attribute, element))])
                : Fold(attribute, value);
        }
        return folded;
    }

    /// <summary>
    /// A value with its sub-attributes as it is compared; null if it is not valid for the attribute's type.
    /// </summary>
    public static JsonNode? Fold(SchemaAttribute attribute, JsonNode value) => value is JsonObject parts
        ? Fold(attribute.SubAttributes, parts)
        : Fold(attribute, JsonSerializer.SerializeToElement(value)) switch
        {
            string text => text,
            bool boolean => boolean,
            decimal number => number,
            _ => null,
        };

    // Entra ID writes "True" and "False" in filters as well.
    private static object? ReadBoolean(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.String when bool.TryParse(value.GetString(), out var boolean) => boolean,
        _ => null,
    };

    private static decimal? ReadNumber(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var number) && DocumentReader.IsExact(number)
            ? number
            : null;

    private static string? ReadInstant(JsonElement value) =>
        value.ValueKind == JsonValueKind.String && XsdDateTime.Read(value.GetString()!) is { } at
            ? FoldInstant(at.UtcDateTime)
            : null;
}
