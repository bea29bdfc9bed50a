using System.Text.Json;
using System.Text.Json.Nodes;
using Scim.Api.Protocol.Filters;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Patching;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Protocol;

/// <summary>
/// What named clients send otherwise than RFC 7643 and 7644 say, turned into what the RFCs say. Everything behind it
/// knows only the RFCs. One goes with each request and remembers what it mended there.
/// </summary>
internal sealed class ClientHabits
{
    private readonly SortedSet<string> mended = new(StringComparer.Ordinal);

    /// <summary>What was mended so far, each <see cref="Habit"/> once.</summary>
    public IReadOnlyCollection<string> Mended => mended;

    public void Note(string habit) => mended.Add(habit);

    /// <summary>Notes that a member was left out, because no schema knows it or only the server may set it.</summary>
    public void NoteLeftOut(string name, JsonNode? value, bool isKnown)
    {
        if (IsPassword(name))
            Note(Habit.Password);
        else if (!isKnown)
            Note(Habit.UnknownAttribute);
        else if (!IsNothing(value))
            Note(Habit.ReadOnlyEcho);
    }

    /// <summary>Mends what was sent for an attribute, all its values together.</summary>
    public JsonNode? MendValue(SchemaAttribute attribute, JsonNode? value)
    {
        if (attribute.MultiValued && !IsNothing(value))
            return value as JsonArray ?? Mend(Habit.SingleForList, new JsonArray(value!.DeepClone()));

        // Entra ID sends the manager as a list of one.
        if (!attribute.MultiValued && value is JsonArray { Count: <= 1 } list)
            value = list.Count == 0 ? null : Mend(Habit.ListForSingle, list[0]);
        return MendElement(attribute, value);
    }

    /// <summary>Mends one value.</summary>
    public JsonNode? MendElement(SchemaAttribute attribute, JsonNode? value)
    {
        // Okta pushes "" to clear an attribute, Entra ID pushes "" or null.
        if (IsNothing(value))
            return value is JsonValue ? Mend<JsonNode?>(Habit.EmptyValue, null) : null;

        // Entra ID writes "True" and "False".
        if (attribute.Type == AttributeType.Boolean && bool.TryParse(DocumentReader.Text(value), out var boolean))
            return Mend(Habit.StringBoolean, boolean);

        if (attribute.Type != AttributeType.Complex || attribute.FindSub("value") is null)
            return value;

        // Entra ID sends the manager as the bare id.
        if (DocumentReader.Text(value) is { } text)
            return Mend(Habit.BareValue, new JsonObject { ["value"] = text });

        // Entra ID removes the manager by { "value": "" }.
        return value is JsonObject parts && Has(parts, "value", out var inner) && IsNothing(inner)
            ? Mend<JsonNode?>(Habit.EmptyValue, null)
            : value;
    }

    /// <summary>
    /// Mends one member of <c>Operations</c> into operations of RFC 7644 §3.5.2, each on one attribute;
    /// <paramref name="document"/> is the resource as the operations before have left it.
    /// </summary>
    public IEnumerable<PatchOperation> MendOperation(
        ResourceType type, PatchOperation operation, JsonObject document)
    {
        // Okta replaces {"active":false} without a path; Entra ID's newer dialect names the members of such an object
        // by paths ("name.givenName", URNs, value paths). Each is an operation of its own, as the RFC would have it.
        if (operation.Path is null || IsExtension(type, operation))
            return Spread(type, operation).SelectMany(each => MendOperation(type, each, document));

        // Okta synchronizes passwords by PATCH, and Entra ID can be told to; they are dropped, as everywhere.
        if (operation.Path is { Attribute: { Sub: null, Name: var name } path, Filter: null }
            && IsPassword(name)
            && (path.Schema is null || type.Schema.Is(path.Schema)))
            return Mend<PatchOperation[]>(Habit.Password, []);

        if (type.Find(operation.Path.Attribute) is not { Attribute: { } attribute } target)
            return [operation];

        // authentik and others echo the id, Okta the groups.
        if (target.ReadOnly && IsEcho(target, operation, document))
            return Mend<PatchOperation[]>(Habit.ReadOnlyEcho, []);

        var multiple = attribute.MultiValued && operation.Path is { Filter: null, Attribute.Sub: null };
        var whole = target.Sub is null && operation.Path.Sub is null;
        if (whole && !multiple && operation.Value is { } value)
            operation = operation with { Value = MendValue(attribute with { MultiValued = false }, value) };

        // Okta and Entra ID clear by "", null or []; of several values there is then nothing to add.
        if (operation.Kind != PatchKind.Remove && IsNothing(operation.Value) && !(whole && attribute.Required))
            return Mend<PatchOperation[]>(
                Habit.EmptyValue, multiple && operation.Kind == PatchKind.Add ? [] : [operation.ToRemove()]);

        // Entra ID, and OneLogin, remove some of several values by naming them in "value".
        if (multiple && operation is { Kind: PatchKind.Remove, Value: { } removed })
            return Mend(Habit.RemovalByValue, AnyOf(attribute, removed)) is { } named
                ? [operation.ToRemove() with { Path = operation.Path with { Filter = named } }]
                : [];

        return [CreateIfNoneMatches(target, operation, document)];
    }

    // Entra ID adds and replaces emails[type eq "work"].value where there is no work e-mail; the filter says what to
    // make.
    private PatchOperation CreateIfNoneMatches(
        AttributeTarget target, PatchOperation operation, JsonObject document)
    {
        if (target is not { Attribute: { MultiValued: true, Type: AttributeType.Complex } attribute, Sub: null }
            || operation is not { Kind: not PatchKind.Remove, Path: { Filter: { } filter } path, Value: { } value }
            || target.ValuesIn(document).OfType<JsonObject>().Any(filter.Compile(attribute.FindInside)))
            return operation;

        var made = new JsonObject();
        if (!filter.Seed(made))
            return operation;
        if (path.Sub is not null)
            made[path.Sub] = value.DeepClone();
        else if (MendElement(attribute, value) is JsonObject parts)
            foreach (var (name, part) in parts)
                made[attribute.FindSub(name)?.Name ?? name] = part?.DeepClone();
        return Mend(
            Habit.CreatedOnNoMatch,
            new PatchOperation(PatchKind.Add, new PatchPath(path.Attribute), new JsonArray(made)));
    }

    private static bool IsExtension(ResourceType type, PatchOperation operation) =>
        operation is { Kind: not PatchKind.Remove, Path.Filter: null, Value: JsonObject }
        && type.Find(operation.Path.Attribute) is { Attribute: null };

    private IEnumerable<PatchOperation> Spread(ResourceType type, PatchOperation operation)
    {
        foreach (var (key, value) in operation.Value as JsonObject ?? [])
        {
            var path = PatchPath.TryParse(operation.Path is null ? key : $"{operation.Path.Attribute}:{key}");
            var target = path is null ? null : type.Find(path.Attribute);
            if (target is { Attribute: not null } && key.AsSpan().ContainsAny(".[:"))
                Note(Habit.PathAsKey);
            // Okta echoes whatever it knows of the user: unknown and read-only attributes are ignored, as in a PUT.
            if (target is { ReadOnly: false })
                yield return new PatchOperation(operation.Kind, path, value);
            else
                NoteLeftOut(key, value, isKnown: target is not null);
        }
    }

    private static bool IsEcho(AttributeTarget target, PatchOperation operation, JsonObject document)
    {
        var holder = target.HolderIn(document);
        var present = target.Sub is null
            ? holder?[target.Attribute!.Name]
            : (holder?[target.Attribute!.Name] as JsonObject)?[target.Sub.Name];
        return operation.Kind != PatchKind.Remove
            && (JsonNode.DeepEquals(present, operation.Value) || (present is null && IsNothing(operation.Value)));
    }

    private Filter? AnyOf(SchemaAttribute attribute, JsonNode values)
    {
        var each = values is JsonArray array ? [.. array.OfType<JsonNode>()] : new List<JsonNode> { values };
        if (each.Count > DocumentReader.MaxValues)
            throw new ScimException(
                ScimError.InvalidValue($"At most {DocumentReader.MaxValues} values can be removed at once."));
        return each.Select(value => SameAs(attribute, value)).OfType<Filter>()
            .Aggregate((Filter?)null, (left, right) => left is null ? right : new Filter.Or(left, right));
    }

    private Filter? SameAs(SchemaAttribute attribute, JsonNode value)
    {
        var parts = MendElement(attribute, value) as JsonObject ?? new JsonObject { ["value"] = value.DeepClone() };
        var named = parts
            .Where(part => part.Value is JsonValue && !part.Key.StartsWith('$'))
            .Where(part => attribute.FindSub(part.Key) is not null)
            .ToList();
        if (named.Find(part => attribute.FindSub(part.Key)!.Name == "value") is { Value: not null } main)
            named = [main];
        return named
            .Select(Filter (part) => new Filter.Comparison(
                new AttributePath(null, part.Key), FilterOperator.Eq, JsonSerializer.SerializeToElement(part.Value)))
            .Aggregate((Filter?)null, (left, right) => left is null ? right : new Filter.And(left, right));
    }

    // An object that was made here, unlike one of a request, minds the letter case of names.
    private static bool Has(JsonObject parts, string name, out JsonNode? value)
    {
        var part = parts.FirstOrDefault(part => part.Key.Equals(name, StringComparison.OrdinalIgnoreCase));
        value = part.Value;
        return part.Key is not null;
    }

    private T Mend<T>(string habit, T mended)
    {
        Note(habit);
        return mended;
    }

    private static bool IsPassword(string name) => name.Equals("password", StringComparison.OrdinalIgnoreCase);

    private static bool IsNothing(JsonNode? value) =>
        value is null or JsonArray { Count: 0 } || DocumentReader.Text(value) == "";
}
