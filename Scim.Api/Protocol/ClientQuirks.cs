using System.Text.Json;
using System.Text.Json.Nodes;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Protocol;

/// <summary>
/// What named clients send otherwise than RFC 7643 and 7644 say, turned into what the RFCs say. Everything behind it
/// knows only the RFCs. One goes with each request and remembers what it corrected there.
/// </summary>
internal sealed partial class ClientQuirks
{
    private readonly SortedSet<string> applied = new(StringComparer.Ordinal);

    /// <summary>The deviations corrected so far, each <see cref="ClientQuirk"/> once.</summary>
    public IReadOnlyCollection<string> Applied => applied;

    public void Note(string quirk) => applied.Add(quirk);

    /// <summary>
    /// Where violations of limits are collected, until it is known whether the request deactivates the user; null
    /// refuses a request at its first one.
    /// </summary>
    public List<Violation>? Violations { get; set; }

    /// <summary>Refuses a value, now or later: the caller goes on as if the value were not there.</summary>
    public void Refuse(string attribute, ScimError error)
    {
        if (Violations is null)
            throw new ScimException(error);
        Violations.Add(new Violation(attribute, error));
    }

    /// <summary>Refuses a body with a text that no database keeps, now or later, also in ignored attributes.</summary>
    public void RefuseUnstorable(JsonObject body)
    {
        if (!RequestBody.HasUnstorable(body))
            return;
        if (Violations is null)
            throw new ScimException(RequestBody.Unstorable());
        Violations.Add(new Violation("", RequestBody.Unstorable(), ViolationKind.OfBody));
    }

    /// <summary>Notes that a member was left out, because no schema knows it or only the server may set it.</summary>
    public void NoteLeftOut(string name, JsonNode? value, bool isKnown)
    {
        if (IsPassword(name))
            Note(ClientQuirk.Password);
        else if (!isKnown)
            Note(ClientQuirk.UnknownAttribute);
        else if (!IsNothing(value))
            Note(ClientQuirk.ReadOnlyEcho);
    }

    /// <summary>Corrects what was sent for an attribute, all its values together.</summary>
    public JsonNode? NormalizeValue(SchemaAttribute attribute, JsonNode? value)
    {
        if (attribute.MultiValued && !IsNothing(value))
            return value as JsonArray ?? Corrected(ClientQuirk.SingleForList, new JsonArray(value!.DeepClone()));

        // Entra ID sends the manager as a list of one, and sometimes other single values too.
        if (!attribute.MultiValued && value is JsonArray { Count: <= 1 } list)
            value = list.Count == 0 ? null : Corrected(ClientQuirk.ListForSingle, Unwrap(attribute, list[0]));
        return NormalizeElement(attribute, value);
    }

    /// <summary>Corrects one value.</summary>
    public JsonNode? NormalizeElement(SchemaAttribute attribute, JsonNode? value)
    {
        // Okta pushes "" to clear an attribute, Entra ID pushes "" or null.
        if (IsNothing(value))
            return value is JsonValue ? Corrected<JsonNode?>(ClientQuirk.EmptyValue, null) : null;

        // Entra ID writes "True" and "False".
        if (attribute.Type == AttributeType.Boolean && bool.TryParse(DocumentReader.Text(value), out var boolean))
            return Corrected(ClientQuirk.StringBoolean, boolean);

        if (attribute.Type != AttributeType.Complex || attribute.FindSub("value") is null)
            return value;

        // Entra ID sends the manager as the bare id.
        if (DocumentReader.Text(value) is { } text)
            value = Corrected(ClientQuirk.BareValue, new JsonObject { ["value"] = text });

        // Entra ID removes the manager by { "value": "" }.
        if (value is JsonObject parts && Has(parts, "value", out var inner))
            return IsNothing(inner)
                ? Corrected<JsonNode?>(ClientQuirk.EmptyValue, null)
                : ReadJsonText(attribute, parts, inner);
        return value;
    }

    // [{"$ref":null,"value":"X"}] for "X": what stands beside the value are labels.
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
    // text is the role's name, even if it begins like JSON.
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
    /// The members of a resource as a POST or PUT has them, with the name of each as a path. What stands in the form of
    /// the RFC comes last, so that it wins over the same attribute in another form.
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

    /// <summary>The object that a key such as <c>"name.givenName"</c> stands for.</summary>
    public JsonObject NormalizePathAsKey(SchemaAttribute sub, JsonNode? value) =>
        Corrected(ClientQuirk.PathAsKey, new JsonObject { [sub.Name] = value?.DeepClone() });

    /// <summary>Notes that a path names an attribute of an extension without the extension's URN.</summary>
    public void NoteMissingUrn(AttributePath? path, AttributeTarget? target)
    {
        if (path is { Schema: null } && target is { Extension: not null, Attribute: not null })
            Note(ClientQuirk.MissingUrn);
    }

    /// <summary>A look-up that notes which paths leave out the URN of an extension.</summary>
    public AttributeLookup Noting(AttributeLookup find) => path =>
    {
        var target = find(path);
        NoteMissingUrn(path, target);
        return target;
    };

    // Core attributes in an object under their schema's URN, as those of an extension are.
    private JsonObject NestedObject(AttributePath schema, JsonNode? value) => value switch
    {
        JsonObject nested => Corrected(ClientQuirk.NestedCore, nested),
        _ when IsNothing(value) => [],
        _ => throw new ScimException(ScimError.InvalidValue($"{schema} needs an object of attributes as its value.")),
    };

    private static bool IsPath(KeyValuePair<string, JsonNode?> member) => member.Key.AsSpan().ContainsAny(":.");

    private static KeyValuePair<string, JsonNode?> Clone(KeyValuePair<string, JsonNode?> member) =>
        new(member.Key, member.Value?.DeepClone());

    private static string Qualified(string urn, string key) =>
        key.StartsWith("urn:", StringComparison.OrdinalIgnoreCase) ? key : $"{urn}:{key}";

    // An object that was made here, unlike one of a request, minds the letter case of names.
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

    private static bool IsNothing(JsonNode? value) =>
        value is null or JsonArray { Count: 0 } || DocumentReader.Text(value) == "";
}
