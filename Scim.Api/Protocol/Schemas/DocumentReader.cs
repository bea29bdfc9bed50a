using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Scim.Api.Protocol.Messages;

namespace Scim.Api.Protocol.Schemas;

/// <summary>
/// Reads what a client sent by the schema: attributes get the schema's spelling, types are checked, what is read-only
/// or unknown is left out (RFC 7644 §3.3), and null, <c>[]</c> and an empty object are one thing: absent (RFC 7643
/// §2.5).
/// </summary>
internal static class DocumentReader
{
    /// <summary>How many values an attribute may have.</summary>
    public const int MaxValues = 500;

    /// <summary>Digits of a number that every database tells apart (RFC 7643 §2.3.3 leaves the limit to us).</summary>
    public const int MaxDigits = 15;

    /// <summary>
    /// Reads a whole resource: as the body of a POST or PUT, or as the outcome of a PATCH. What is as in
    /// <paramref name="known"/>, which was read before, is not checked again: a rule that came later does not hold it
    /// against the resource.
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
            // "name.givenName", as Entra ID names it in a PATCH.
            else if (target is { ReadOnly: false, Sub: { } sub, Attribute.MultiValued: false })
                Add(document, target with { Sub = null }, quirks.NormalizePathAsKey(sub, value), quirks);
            // The RFC's own examples send id and meta back (RFC 7644 §3.5.1).
            else if (Schema.Common.Attributes.Find(name) is null)
                quirks.NoteLeftOut(name, value, isKnown: target is { Sub: null });
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
        var holder = target.Attribute is null ? document : target.HolderMadeIn(document);
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

    /// <summary>A value of an attribute as the schema wants it; null is absent.</summary>
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

    /// <summary>One value of a multi-valued attribute, or the only one of another; null is absent.</summary>
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
        // Where violations are collected, the rules find it in the outcome, if it is still there.
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
                $"{path} has {elements.Count} values; at most {MaxValues} are possible."));
        var (read, known) = (new JsonArray(), new ValueIndex(attribute));
        foreach (var element in elements.Take(MaxValues))
        {
            if (quirks.NormalizeElement(attribute, element) is not { } corrected
                || Single(attribute, corrected, path, quirks) is not { } one
                || SaysNothing(attribute, one))
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

    // The same value again: what the first one lacks, and the flag of the primary one, are kept.
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
                quirks.NoteLeftOut(name, part, isKnown: attribute is not null);
            else if (Value(attribute, part, quirks, path) is { } one)
                read[attribute.Name] = one;
        }
        foreach (var required in attributes.Where(a => a.Required && read.Count > 0 && !read.ContainsKey(a.Name)))
            throw Invalid($"{path}.{required.Name} is required.");
        return read.Count == 0 ? null : read;
    }

    /// <summary>Whether a value has nothing left but labels (RFC 7643 §2.4): a work e-mail without address.</summary>
    public static bool SaysNothing(SchemaAttribute attribute, JsonNode element) =>
        attribute.Type == AttributeType.Complex
        && element.AsObject().All(part => part.Key is "type" or "primary" or "display");

    private static bool IsPrimary(JsonObject element) =>
        element["primary"] is JsonValue value && value.GetValueKind() == JsonValueKind.True;

    public static string? Text(JsonNode? value) =>
        value?.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;

    /// <summary>Whether a number has at most <see cref="MaxDigits"/> digits, wherever its point is.</summary>
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
        AttributeType.DateTime => "a date and time, as 2026-01-31T12:00:00Z",
        AttributeType.Binary => "a text in base64",
        _ => "a text",
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
