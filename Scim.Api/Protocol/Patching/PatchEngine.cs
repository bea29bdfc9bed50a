using System.Text.Json;
using System.Text.Json.Nodes;
using Scim.Api.Protocol.Filters;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Protocol.Patching;

/// <summary>Applies an operation on one attribute to a document (RFC 7644 §3.5.2.1 to §3.5.2.3).</summary>
internal static class PatchEngine
{
    public static void Apply(
        ResourceType type, PatchOperation operation, JsonObject document, ClientQuirks quirks)
    {
        var path = operation.Path!;
        var target = type.Find(path.Attribute)
            ?? throw InvalidPath($"{Excerpt.OfName(path.Attribute)} is not an attribute of a {type.Name}.");
        if (target.Attribute is not { } attribute)
            RemoveExtension(target, operation, document);
        else if (AddsSchemas(type, attribute, operation))
            return;
        else if (target.ReadOnly)
            throw NotMutable($"{path.Attribute} is read-only.");
        else if (path.Filter is { } filter)
            ApplyToMatches(target, attribute, filter, operation, document, quirks);
        else if (operation.Kind == PatchKind.Remove)
            Remove(target, attribute, document);
        else if (target.Sub is { } sub)
            SetSub(target, attribute, sub, operation, document, quirks);
        else
            Set(target, attribute, operation, document, quirks);
    }

    // schemas follows from the attributes, so adding the URN of a known schema changes nothing (RFC 7644 §3.5.2).
    private static bool AddsSchemas(ResourceType type, SchemaAttribute attribute, PatchOperation operation) =>
        operation is { Kind: PatchKind.Add, Path.Filter: null, Value: JsonArray urns }
        && attribute == Schema.Common.Attributes.Find("schemas")
        && urns.All(urn => DocumentReader.Text(urn) is { } id
            && (type.Schema.Is(id) || type.Extensions.Any(extension => extension.Is(id))));

    private static void RemoveExtension(AttributeTarget target, PatchOperation operation, JsonObject document)
    {
        if (operation is not { Kind: PatchKind.Remove, Path.Filter: null })
            throw InvalidValue($"{Excerpt.Of($"{operation.Path}")} needs an object with attributes as its value.");
        document.Remove(target.Extension!.Id);
    }

    // emails[type eq "work"] and emails[type eq "work"].value
    private static void ApplyToMatches(
        AttributeTarget target,
        SchemaAttribute attribute,
        Filter filter,
        PatchOperation operation,
        JsonObject document,
        ClientQuirks quirks)
    {
        var path = operation.Path!;
        if (!attribute.MultiValued || attribute.Type != AttributeType.Complex || target.Sub is not null)
            throw InvalidPath($"{path.Attribute} does not have several values to choose from.");
        var sub = path.Sub is null ? null : attribute.FindSub(path.Sub)
            ?? throw InvalidPath($"{path.Attribute} has no sub-attribute {path.Sub}.");

        if (sub is { Mutability: Mutability.ReadOnly })
            throw NotMutable($"{path.Attribute}.{path.Sub} is read-only.");

        var bound = filter.Bind(attribute.FindSubTarget);
        var values = target.FindHolder(document)?[attribute.Name] as JsonArray ?? [];
        var matches = values.OfType<JsonObject>().Where(bound.Matches).ToList();
        if (operation.Kind == PatchKind.Remove)
        {
            foreach (var match in matches)
            {
                if (sub is null)
                    values.Remove(match);
                else
                    match.Remove(sub.Name);
            }
            return;
        }
        if (matches.Count == 0)
            throw new ScimException(ScimError.NoTarget($"No value matches {Excerpt.Of(path.ToString())}."));
        var given = sub is null ? operation.Value : Only(sub, operation.Value);
        if (sub is null && operation.Kind == PatchKind.Replace)
            matches.ForEach(match => Clear(match, filter));
        foreach (var match in matches)
            Merge(match, attribute, given, quirks);
        KeepOnePrimary(values, matches);
    }

    // Matching values are replaced as a whole (RFC 7644 §3.5.2.3), but keep the sub-attributes that the filter names.
    private static void Clear(JsonObject value, Filter filter)
    {
        var named = new JsonObject();
        filter.Seed(named);
        foreach (var name in value.Select(part => part.Key).ToList())
            if (!named.Any(part => part.Key.Equals(name, StringComparison.OrdinalIgnoreCase)))
                value.Remove(name);
    }

    private static void Remove(AttributeTarget target, SchemaAttribute attribute, JsonObject document)
    {
        // RFC 7644 §3.5.2.2.
        if (target is { Sub: null, Attribute.Required: true })
            throw NotMutable($"{attribute.Name} is required: it can be replaced, but not removed.");
        if (target.FindHolder(document) is not { } holder)
            return;
        if (target.Sub is not { } sub)
            holder.Remove(attribute.Name);
        else if (holder[attribute.Name] is JsonArray values)
            values.OfType<JsonObject>().ToList().ForEach(value => value.Remove(sub.Name));
        else
            (holder[attribute.Name] as JsonObject)?.Remove(sub.Name);
    }

    // name.givenName
    private static void SetSub(
        AttributeTarget target,
        SchemaAttribute attribute,
        SchemaAttribute sub,
        PatchOperation operation,
        JsonObject document,
        ClientQuirks quirks)
    {
        var holder = target.GetOrAddHolder(document);
        var part = Only(sub, operation.Value);
        if (!attribute.MultiValued)
        {
            Merge(GetOrAdd(holder, attribute, new JsonObject()), attribute, part, quirks);
            return;
        }
        var values = GetOrAdd(holder, attribute, new JsonArray());
        if (values.Count > 1)
            throw InvalidPath(
                $"{attribute.Name} has several values; {attribute.Name}[type eq \"work\"].{sub.Name} says which.");
        if (values.Count == 0)
            values.Add(new JsonObject());
        Merge(values[0]!.AsObject(), attribute, part, quirks);
    }

    private static void Set(
        AttributeTarget target,
        SchemaAttribute attribute,
        PatchOperation operation,
        JsonObject document,
        ClientQuirks quirks)
    {
        var holder = target.GetOrAddHolder(document);
        var value = attribute.MultiValued || attribute.Type != AttributeType.Complex
            ? DocumentReader.Value(attribute, operation.Value, quirks)
            : null;
        if (attribute.MultiValued && operation.Kind == PatchKind.Add)
            Append(GetOrAdd(holder, attribute, new JsonArray()), attribute, value as JsonArray ?? [], quirks);
        else if (!attribute.MultiValued && attribute.Type == AttributeType.Complex)
            Merge(GetOrAdd(holder, attribute, new JsonObject()), attribute, operation.Value, quirks);
        else
            holder[attribute.Name] = value;
    }

    /// <summary>
    /// Adds new values. One with the value and type of an existing one is merged into that (RFC 7643 §2.4).
    /// </summary>
    private static void Append(JsonArray values, SchemaAttribute attribute, JsonArray added, ClientQuirks quirks)
    {
        var (known, touched) = (ValueIndex.Of(attribute, values), new List<JsonObject>());
        foreach (var element in added.Select(element => element!.DeepClone()))
        {
            var same = known.Find(element);
            if (same is null)
                known.Add(element, values);
            else if (same is JsonObject)
                Merge(same.AsObject(), attribute, element, quirks);
            if ((same ?? element) is JsonObject parts)
                touched.Add(parts);
        }
        if (values.Count > DocumentReader.MaxValues)
            quirks.Refuse(attribute.Name, ScimError.InvalidValue(
                $"{attribute.Name} cannot have more than {DocumentReader.MaxValues} values."));
        KeepOnePrimary(values, touched);
    }

    /// <summary>Sets the given sub-attributes and leaves the others; null removes one.</summary>
    private static void Merge(JsonObject known, SchemaAttribute attribute, JsonNode? given, ClientQuirks quirks)
    {
        if (quirks.NormalizeElement(attribute, given) is not JsonObject parts)
            throw InvalidValue($"{attribute.Name} must be an object.");
        var before = known["value"]?.DeepClone();
        foreach (var (name, value) in parts)
        {
            var sub = attribute.FindSub(name);
            if (sub is not { Mutability: not Mutability.ReadOnly })
                quirks.NoteIgnored(name, value, isKnown: sub is not null);
            else if (DocumentReader.Value(sub, value, quirks, attribute.Name) is { } read)
                known[sub.Name] = read;
            else
                known.Remove(sub.Name);
        }
        // A $ref belongs to its value, so a new value without a new $ref has none.
        if (!parts.ContainsKey("$ref") && !JsonNode.DeepEquals(before, known["value"]))
            known.Remove("$ref");
    }

    /// <summary>If a value becomes primary, the others no longer are (RFC 7644 §3.5.2).</summary>
    private static void KeepOnePrimary(JsonArray values, List<JsonObject> touched)
    {
        if (!touched.Exists(IsPrimary))
            return;
        foreach (var other in values.OfType<JsonObject>().Where(value => IsPrimary(value) && !touched.Contains(value)))
            other["primary"] = false;
    }

    private static JsonObject Only(SchemaAttribute sub, JsonNode? value) => new() { [sub.Name] = value?.DeepClone() };

    private static ScimException NotMutable(string detail) => new(ScimError.Mutability(detail));

    private static ScimException InvalidPath(string detail) => new(ScimError.InvalidPath(detail));

    private static ScimException InvalidValue(string detail) => new(ScimError.InvalidValue(detail));

    private static bool IsPrimary(JsonObject value) => value["primary"]?.GetValueKind() == JsonValueKind.True;

    private static T GetOrAdd<T>(JsonObject holder, SchemaAttribute attribute, T added)
        where T : JsonNode
    {
        if (holder[attribute.Name] is T known)
            return known;
        holder[attribute.Name] = added;
        return added;
    }
}
