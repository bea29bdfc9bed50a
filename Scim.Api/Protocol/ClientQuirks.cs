using System.Text.Json;
using System.Text.Json.Nodes;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Protocol;

/// <summary>
/// Corrects known client deviations from RFC 7643 and 7644, so that all other code only handles what the RFCs define.
/// Each request has its own instance, which records the corrections.
/// </summary>
internal sealed partial class ClientQuirks
{
    private readonly SortedSet<string> applied = new(StringComparer.Ordinal);

    /// <summary>The corrections so far, each <see cref="ClientQuirk"/> once.</summary>
    public IReadOnlyCollection<string> Applied => applied;

    public void Note(string quirk) => applied.Add(quirk);

    /// <summary>
    /// Collects violations until it is known whether the request deactivates the user; null refuses the request at the
    /// first violation.
    /// </summary>
    public List<Violation>? Violations { get; set; }

    /// <summary>Refuses a value, now or later. If later, the caller continues as if the value were absent.</summary>
    public void Refuse(string attribute, ScimError error)
    {
        if (Violations is null)
            throw new ScimException(error);
        Violations.Add(new Violation(attribute, error));
    }

    /// <summary>
    /// Refuses, now or later, a body with a string that cannot be stored, even in an ignored attribute.
    /// </summary>
    public void RefuseUnstorable(JsonObject body)
    {
        if (!RequestBody.HasUnstorable(body))
            return;
        if (Violations is null)
            throw new ScimException(RequestBody.Unstorable());
        Violations.Add(new Violation("", RequestBody.Unstorable(), ViolationKind.OfBody));
    }

    /// <summary>Notes that a member was ignored, because it is in no schema or because it is read-only.</summary>
    public void NoteIgnored(string name, JsonNode? value, bool isKnown)
    {
        if (IsPassword(name))
            Note(ClientQuirk.Password);
        else if (!isKnown)
            Note(ClientQuirk.UnknownAttribute);
        else if (!IsEmpty(value))
            Note(ClientQuirk.ReadOnlyEcho);
    }

    /// <summary>Corrects the value of an attribute; for a multi-valued one, the whole list.</summary>
    public JsonNode? NormalizeValue(SchemaAttribute attribute, JsonNode? value)
    {
        if (attribute.MultiValued && !IsEmpty(value))
            return value as JsonArray ?? Corrected(ClientQuirk.SingleForList, new JsonArray(value!.DeepClone()));

        // Entra ID sends the manager, and sometimes other single values, as a list with one element.
        if (!attribute.MultiValued && value is JsonArray { Count: <= 1 } list)
            value = list.Count == 0 ? null : Corrected(ClientQuirk.ListForSingle, Unwrap(attribute, list[0]));
        return NormalizeElement(attribute, value);
    }

    /// <summary>Corrects a single value.</summary>
    public JsonNode? NormalizeElement(SchemaAttribute attribute, JsonNode? value)
    {
        // Okta sends "" to clear an attribute, Entra ID "" or null.
        if (IsEmpty(value))
            return value is JsonValue ? Corrected<JsonNode?>(ClientQuirk.EmptyValue, null) : null;

        // Entra ID sends "True" and "False".
        if (attribute.Type == AttributeType.Boolean && bool.TryParse(DocumentReader.Text(value), out var boolean))
            return Corrected(ClientQuirk.StringBoolean, boolean);

        if (attribute.Type != AttributeType.Complex || attribute.FindSub("value") is null)
            return value;

        // Entra ID sends the manager as the bare id.
        if (DocumentReader.Text(value) is { } text)
            value = Corrected(ClientQuirk.BareValue, new JsonObject { ["value"] = text });

        // Entra ID removes the manager by { "value": "" }.
        if (value is JsonObject parts && Has(parts, "value", out var inner))
            return IsEmpty(inner)
                ? Corrected<JsonNode?>(ClientQuirk.EmptyValue, null)
                : ReadJsonText(attribute, parts, inner);
        return value;
    }

    // [{"$ref":null,"value":"X"}] means "X": the other members are labels.
    private static JsonNode? Unwrap(SchemaAttribute attribute, JsonNode? element) =>
        attribute.Type != AttributeType.Complex
        && element is JsonObject parts
        && Has(parts, "value", out var inner)
        && parts.All(part => part.Value is null
            || ((string[])["value", "$ref", "display", "type", "primary"]).Contains(
                part.Key, StringComparer.OrdinalIgnoreCase))
            ? inner
            : element;

    // Entra ID sends an app role as {"value":"{\"id\":…,\"value\":\"Reader\",\"displayName\":\"Reader\"}"}. Any other
    // string is the role's name, even if it begins like JSON.
    private JsonObject ReadJsonText(SchemaAttribute attribute, JsonObject parts, JsonNode? value)
    {
        if (attribute.Name is not ("roles" or "entitlements")
            || DocumentReader.Text(value) is not { } text
            || !text.AsSpan().TrimStart().StartsWith('{')
            || RequestBody.TryParse(text) is not { } role
            || (Name(role, "value") ?? Name(role, "displayName")) is not { } name)
            return parts;
        var read = new JsonObject { ["value"] = name };
        foreach (var (key, part) in parts)
            if (!key.Equals("value", StringComparison.OrdinalIgnoreCase))
                read[key] = part?.DeepClone();
        AddIfMissing("display", Name(role, "display") ?? Name(role, "displayName"));
        AddIfMissing("type", Name(role, "type"));
        AddIfMissing("primary", role["primary"] is { } flag && flag.GetValueKind() == JsonValueKind.True ? flag : null);
        return Corrected(ClientQuirk.JsonAsText, read);

        void AddIfMissing(string key, JsonNode? part)
        {
            if (part is not null && !Has(read, key, out _))
                read[key] = part.DeepClone();
        }
    }

    private static string? Name(JsonObject role, string key) =>
        DocumentReader.Text(role[key]) is { Length: > 0 } name ? name : null;

    /// <summary>
    /// The members of a resource in a POST or PUT, each with its name as a path. Members in the RFC's form come last,
    /// so that they win over the same attribute in another form.
    /// </summary>
    public IEnumerable<(string Name, JsonNode? Value)> NormalizeMembers(ResourceType type, JsonObject resource) =>
        Members(type, resource).OrderBy(member => member.IsPlain).Select(member => (member.Name, member.Value));

    private IEnumerable<(string Name, JsonNode? Value, bool IsPlain)> Members(ResourceType type, JsonObject resource)
    {
        foreach (var (name, value) in resource)
        {
            var target = AttributePath.TryParse(name, out var path) ? type.Find(path) : null;
            if (path is not null && type.IsCoreSchema(path))
            {
                foreach (var member in Members(type, NestedObject(path, value)))
                    yield return member with { IsPlain = false };
            }
            else if (target is { Attribute: null, Extension: { } extension }
                && value is JsonObject parts
                && parts.Any(IsPath))
            {
                foreach (var (key, part) in parts.Where(IsPath))
                    yield return (Qualified(extension.Id, key), part, false);
                yield return (name, new JsonObject(parts.Where(part => !IsPath(part)).Select(Clone)), true);
            }
            else
            {
                NoteMissingUrn(path, target);
                var isPlain = target is { Sub: null } && (target.Extension is null || path!.Schema is not null);
                yield return (name, value, isPlain);
            }
        }
    }

    /// <summary>The object that a key such as <c>"name.givenName"</c> means.</summary>
    public JsonObject NormalizePathAsKey(SchemaAttribute sub, JsonNode? value) =>
        Corrected(ClientQuirk.PathAsKey, new JsonObject { [sub.Name] = value?.DeepClone() });

    /// <summary>Notes that a path names an attribute of an extension without the extension's URN.</summary>
    public void NoteMissingUrn(AttributePath? path, AttributeTarget? target)
    {
        if (path is { Schema: null } && target is { Extension: not null, Attribute: not null })
            Note(ClientQuirk.MissingUrn);
    }

    /// <summary>Wraps a lookup so that it notes paths without the URN of their extension.</summary>
    public AttributeLookup NotingMissingUrns(AttributeLookup find) => path =>
    {
        var target = find(path);
        NoteMissingUrn(path, target);
        return target;
    };

    // Core attributes in an object under the URN of their schema, like those of an extension.
    private JsonObject NestedObject(AttributePath schema, JsonNode? value) => value switch
    {
        JsonObject nested => Corrected(ClientQuirk.NestedCore, nested),
        _ when IsEmpty(value) => [],
        _ => throw new ScimException(ScimError.InvalidValue($"{schema} must be an object with attributes.")),
    };

    private static bool IsPath(KeyValuePair<string, JsonNode?> member) => member.Key.AsSpan().ContainsAny(":.");

    private static KeyValuePair<string, JsonNode?> Clone(KeyValuePair<string, JsonNode?> member) =>
        new(member.Key, member.Value?.DeepClone());

    private static string Qualified(string urn, string key) =>
        key.StartsWith("urn:", StringComparison.OrdinalIgnoreCase) ? key : $"{urn}:{key}";

    // Unlike an object from a request, one that was created here compares names case-sensitively.
    private static bool Has(JsonObject parts, string name, out JsonNode? value)
    {
        var part = parts.FirstOrDefault(part => part.Key.Equals(name, StringComparison.OrdinalIgnoreCase));
        value = part.Value;
        return part.Key is not null;
    }

    private T Corrected<T>(string quirk, T corrected)
    {
        Note(quirk);
        return corrected;
    }

    private static bool IsPassword(string name) => name.Equals("password", StringComparison.OrdinalIgnoreCase);

    private static bool IsEmpty(JsonNode? value) =>
        value is null or JsonArray { Count: 0 } || DocumentReader.Text(value) == "";
}
