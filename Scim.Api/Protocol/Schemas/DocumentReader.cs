using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Scim.Api.Protocol.Messages;

namespace Scim.Api.Protocol.Schemas;

/// <summary>
/// Reads what a client sent, by the schema: attributes get the schema's spelling, types are checked, and read-only and
/// unknown attributes are ignored (RFC 7644 §3.3). null, <c>[]</c> and an empty object all mean absent (RFC 7643 §2.5).
/// </summary>
internal static class DocumentReader
{
    /// <summary>The maximum number of values of an attribute.</summary>
    public const int MaxValues = 500;

    /// <summary>
    /// The maximum number of digits, all of which every database keeps (RFC 7643 §2.3.3 sets no limit).
    /// </summary>
    public const int MaxDigits = 15;

    /// <summary>
    /// Reads a whole resource: the body of a POST or PUT, or the outcome of a PATCH. Values that are unchanged from
    /// <paramref name="known"/> are not checked again, so that a newer rule does not apply to old values.
    /// </summary>
    public static JsonObject Read(
        ResourceType type, JsonObject resource, ClientQuirks quirks, JsonObject? known = null)
    {
        var document = new JsonObject();
        foreach (var (name, value) in quirks.NormalizeMembers(type, resource))
        {
            var target = AttributePath.TryParse(name, out var path) ? type.Find(path) : null;
            if (target is { ReadOnly: false, Sub: null, Extension: null, Attribute: { } attribute }
                && value is not null && JsonNode.DeepEquals(value, known?[attribute.Name]))
                document[attribute.Name] = value.DeepClone();
            else if (target is { ReadOnly: false, Sub: null })
                Add(document, target, value, quirks);
            // "name.givenName", which Entra ID sends in a PATCH.
            else if (target is { ReadOnly: false, Sub: { } sub, Attribute.MultiValued: false })
                Add(document, target with { Sub = null }, quirks.NormalizePathAsKey(sub, value), quirks);
            // id and meta need no note: the RFC's own examples send them back (RFC 7644 §3.5.1).
            else if (Schema.Common.Attributes.Find(name) is null)
                quirks.NoteIgnored(name, value, isKnown: target is { Sub: null });
        }
        foreach (var required in type.Schema.Attributes.Where(a => a.Required && !document.ContainsKey(a.Name)))
            quirks.Refuse(required.Name, ScimError.InvalidValue($"{required.Name} is required."));
        return document;
    }

    private static void Add(JsonObject document, AttributeTarget target, JsonNode? value, ClientQuirks quirks)
    {
        var (name, read) = target switch
        {
            { Attribute: { } attribute } => (attribute.Name, Value(attribute, value, quirks)),
            { Extension: { } extension } => (extension.Id, Object(extension.Attributes, value, extension.Id, quirks)),
            _ => ("", null),
        };
        if (read is null)
            return;
        var holder = target.Attribute is null ? document : target.GetOrAddHolder(document);
        if (holder[name] is JsonObject known && read is JsonObject more)
        {
            foreach (var (key, part) in more.ToArray())
                known[key] = part?.DeepClone();
        }
        else
        {
            holder[name] = read;
        }
    }

    /// <summary>Reads the value of an attribute; null means absent.</summary>
    public static JsonNode? Value(
        SchemaAttribute attribute, JsonNode? value, ClientQuirks quirks, string? parent = null)
    {
        var path = parent is null ? attribute.Name : $"{parent}.{attribute.Name}";
        return quirks.NormalizeValue(attribute, value) switch
        {
            null => null,
            JsonArray several when attribute.MultiValued => Array(attribute, several, path, quirks),
            var one => Single(attribute, one, path, quirks),
        };
    }

    /// <summary>Reads a single value; null means absent.</summary>
    private static JsonNode? Single(SchemaAttribute attribute, JsonNode value, string path, ClientQuirks quirks)
    {
        if (attribute.Type == AttributeType.Complex)
            return Object(attribute.SubAttributes, value, path, quirks);
        var right = attribute.Type switch
        {
            AttributeType.Boolean => value.GetValueKind() is JsonValueKind.True or JsonValueKind.False,
            AttributeType.Integer =>
                value.GetValueKind() == JsonValueKind.Number && value.AsValue().TryGetValue<long>(out _),
            AttributeType.Decimal => value.GetValueKind() == JsonValueKind.Number,
            AttributeType.DateTime => Text(value) is { } text && XsdDateTime.Read(text) is not null,
            _ => Text(value) is not null,
        };
        if (!right)
            throw Invalid($"{path} must be {Description(attribute.Type)}, not {Shown(attribute, value)}.");
        // If violations are collected, this is checked in the outcome instead (ChangedTexts).
        if (quirks.Violations is null && Text(value) is { } content && attribute.FaultOf(content) is { } fault)
            throw Invalid($"{path} {fault}");
        if (value.GetValueKind() == JsonValueKind.Number
            && !(value.AsValue().TryGetValue<decimal>(out var number) && IsExact(number)))
            throw Invalid($"{path} has more than {MaxDigits} digits: {Shown(attribute, value)}.");
        return value.DeepClone();
    }

    private static JsonArray? Array(SchemaAttribute attribute, JsonArray elements, string path, ClientQuirks quirks)
    {
        if (elements.Count > MaxValues)
            quirks.Refuse(path, ScimError.InvalidValue(
                $"{path} has {elements.Count} values; at most {MaxValues} are allowed."));
        var (read, known) = (new JsonArray(), new ValueIndex(attribute));
        foreach (var element in elements.Take(MaxValues))
        {
            if (quirks.NormalizeElement(attribute, element) is not { } corrected
                || Single(attribute, corrected, path, quirks) is not { } one
                || HasOnlyLabels(attribute, one))
                continue;
            if (known.Find(one) is { } same)
                Complete(same, one);
            else
                known.Add(one, read);
        }
        if (read.OfType<JsonObject>().Count(IsPrimary) > 1)
            quirks.Refuse(path, ScimError.InvalidValue($"Only one of {path} can be primary."));
        return read.Count == 0 ? null : read;
    }

    // The same value occurs twice: the first one gets what it lacks, and primary if either has it.
    private static void Complete(JsonNode known, JsonNode again)
    {
        if (known is not JsonObject parts)
            return;
        foreach (var (name, part) in again.AsObject())
            if (!parts.ContainsKey(name) || part?.GetValueKind() == JsonValueKind.True)
                parts[name] = part?.DeepClone();
    }

    private static JsonObject? Object(
        IReadOnlyList<SchemaAttribute> attributes, JsonNode? value, string path, ClientQuirks quirks)
    {
        if (value is null)
            return null;
        if (value is not JsonObject parts)
            throw Invalid($"{path} must be an object, not {Shown(null, value)}.");
        var read = new JsonObject();
        foreach (var (name, part) in parts)
        {
            var attribute = attributes.Find(name);
            if (attribute is not { Mutability: not Mutability.ReadOnly })
                quirks.NoteIgnored(name, part, isKnown: attribute is not null);
            else if (Value(attribute, part, quirks, path) is { } one)
                read[attribute.Name] = one;
        }
        foreach (var required in attributes.Where(a => a.Required && read.Count > 0 && !read.ContainsKey(a.Name)))
            throw Invalid($"{path}.{required.Name} is required.");
        return read.Count == 0 ? null : read;
    }

    /// <summary>
    /// Whether a value consists of labels only (RFC 7643 §2.4), like a work e-mail without an address.
    /// </summary>
    public static bool HasOnlyLabels(SchemaAttribute attribute, JsonNode element) =>
        attribute.Type == AttributeType.Complex
        && element.AsObject().All(part => part.Key is "type" or "primary" or "display");

    private static bool IsPrimary(JsonObject element) =>
        element["primary"] is JsonValue value && value.GetValueKind() == JsonValueKind.True;

    public static string? Text(JsonNode? value) =>
        value?.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;

    /// <summary>
    /// Whether a number has at most <see cref="MaxDigits"/> digits, before and after the decimal point.
    /// </summary>
    public static bool IsExact(decimal number)
    {
        var digits = Math.Abs(number).ToString(CultureInfo.InvariantCulture).Replace(".", "", StringComparison.Ordinal);
        return digits.Trim('0').Length <= MaxDigits && Math.Abs(number) < 1e15m;
    }

    private static string Description(AttributeType type) => type switch
    {
        AttributeType.Boolean => "true or false",
        AttributeType.Integer => "an integer",
        AttributeType.Decimal => "a number",
        AttributeType.DateTime => "a date and time such as 2026-01-31T12:00:00Z",
        AttributeType.Binary => "a base64 string",
        _ => "a string",
    };

    private static string Shown(SchemaAttribute? attribute, JsonNode value) => value.GetValueKind() switch
    {
        _ when attribute is { IsSecret: true } => "this value",
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        _ => value.ToJsonString() is { Length: <= 80 } text ? text : "this value",
    };

    private static ScimException Invalid(string detail) => new(ScimError.InvalidValue(detail));
}
