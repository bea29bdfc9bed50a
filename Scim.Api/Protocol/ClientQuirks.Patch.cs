using System.Text.Json;
using System.Text.Json.Nodes;
using Scim.Api.Protocol.Filters;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Patching;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Protocol;

/// <content>The deviations in a PATCH.</content>
internal sealed partial class ClientQuirks
{
    private readonly List<(PatchPath Path, SchemaAttribute Attribute, JsonObject Value)> created = [];

    /// <summary>
    /// Turns one element of <c>Operations</c> into operations of RFC 7644 §3.5.2, each on one attribute.
    /// <paramref name="document"/> is the resource after the preceding operations.
    /// </summary>
    public IEnumerable<PatchOperation> NormalizeOperation(
        ResourceType type, PatchOperation operation, JsonObject document)
    {
        RemoveCompleted();
        // Okta replaces {"active":false} without a path; Entra ID's newer dialect uses paths as the keys of such an
        // object ("name.givenName", URNs, value paths). Each member becomes an operation of its own, as in the RFC.
        if (operation.Path is null || IsExtension(type, operation))
            return Spread(type, operation).SelectMany(each => NormalizeOperation(type, each, document));
        if (operation is { Kind: not PatchKind.Remove, Path: { Filter: null, Attribute: var schema } }
            && type.IsCoreSchema(schema)
            && operation.Value is JsonObject)
        {
            var flattened = Corrected(ClientQuirk.NestedCore, operation with { Path = null });
            return NormalizeOperation(type, flattened, document);
        }

        // Okta synchronizes passwords by PATCH, and Entra ID can be configured to; passwords are always discarded.
        if (operation.Path is { Attribute: { Sub: null, Name: var name } path, Filter: null }
            && IsPassword(name)
            && (path.Schema is null || type.Schema.Is(path.Schema)))
            return Corrected<PatchOperation[]>(ClientQuirk.Password, []);

        if (type.Find(operation.Path.Attribute) is not { Attribute: { } attribute } target)
            return [operation];
        NoteMissingUrn(operation.Path.Attribute, target);

        var multiple = attribute.MultiValued && operation.Path is { Filter: null, Attribute.Sub: null };
        var whole = target.Sub is null && operation.Path.Sub is null;
        var leaf = operation.Path.Sub is { } sub ? attribute.FindSub(sub) : target.Sub ?? attribute;
        if (!multiple && leaf is not null && operation.Value is { } value)
            operation = operation with { Value = NormalizeValue(leaf with { MultiValued = false }, value) };

        // authentik and others send the id back, Okta the groups.
        if (target.ReadOnly && IsEcho(target, operation, document))
            return Corrected<PatchOperation[]>(ClientQuirk.ReadOnlyEcho, []);

        // Okta and Entra ID clear an attribute with "", null or []; there is nothing to add to a multi-valued one.
        if (operation.Kind != PatchKind.Remove && IsEmpty(operation.Value) && !(whole && attribute.Required))
            return Corrected<PatchOperation[]>(
                ClientQuirk.EmptyValue, multiple && operation.Kind == PatchKind.Add ? [] : [operation.ToRemove()]);

        // Entra ID and OneLogin remove values of a multi-valued attribute by listing them in "value".
        if (multiple && operation is { Kind: PatchKind.Remove, Value: { } removed })
            return Corrected(ClientQuirk.RemovalByValue, AnyOf(attribute, removed)) is { } named
                ? [operation.ToRemove() with { Path = operation.Path with { Filter = named } }]
                : [];

        CreateIfNoneMatches(target, operation, document);
        return [operation];
    }

    // Entra ID adds and replaces emails[type eq "work"].value of users without a work e-mail. The work e-mail is
    // created first, so that the operation finds it. For every other filter, RFC 7644 §3.5.2.3 applies (noTarget): a
    // client that names a value that is gone does not want another one.
    private void CreateIfNoneMatches(AttributeTarget target, PatchOperation operation, JsonObject document)
    {
        if (target is not { Attribute: { MultiValued: true, Type: AttributeType.Complex } attribute, Sub: null }
            || operation is not { Kind: not PatchKind.Remove, Path: { Filter: { } filter } path, Value: not null }
            || target.ValuesIn(document).OfType<JsonObject>().Any(filter.Bind(attribute.FindSubTarget).Matches))
            return;

        var named = new JsonObject();
        if (!SelectsByLabel(attribute, filter) || !filter.Seed(named))
            return;
        var added = new JsonObject();
        foreach (var (name, label) in named)
            added[attribute.FindSub(name)!.Name] = DocumentReader.Value(attribute.FindSub(name)!, label, this);
        var holder = target.GetOrAddHolder(document);
        ((JsonArray)(holder[attribute.Name] ??= new JsonArray())).Add(added);
        created.Add((path, attribute, added));
        Note(ClientQuirk.CreatedOnNoMatch);
    }

    /// <summary>
    /// Refuses a PATCH that created a value because none matched, but set nothing except labels
    /// (<c>emails[type eq "home"].primary</c>): it was meant for a value that does not exist.
    /// </summary>
    public void CheckCreated(JsonObject document)
    {
        RemoveCompleted();
        if (created.Find(one => one.Value.Root == document) is { Path: { } path })
            throw new ScimException(ScimError.NoTarget($"No value matches {Excerpt.Of(path.ToString())}."));
    }

    private void RemoveCompleted() =>
        created.RemoveAll(one => !DocumentReader.HasOnlyLabels(one.Attribute, one.Value));

    // type eq "work" and primary eq true, alone or combined; the type must be a canonical value, if the schema has any.
    private static bool SelectsByLabel(SchemaAttribute attribute, Filter filter) => filter switch
    {
        Filter.And(var left, var right) => SelectsByLabel(attribute, left) && SelectsByLabel(attribute, right),
        Filter.Comparison { Operator: FilterOperator.Eq, Attribute: var path, Value: var literal } =>
            attribute.FindSubTarget(path)?.Attribute switch
            {
                { Name: "primary" } primary => SearchDocument.Fold(primary, literal) is not null,
                { Name: "type" } type => literal.ValueKind == JsonValueKind.String
                    && (type.CanonicalValues.Count == 0
                        || type.CanonicalValues.Contains(literal.GetString(), StringComparer.OrdinalIgnoreCase)),
                _ => false,
            },
        _ => false,
    };

    private static bool IsExtension(ResourceType type, PatchOperation operation) =>
        operation is { Kind: not PatchKind.Remove, Path.Filter: null, Value: JsonObject }
        && type.Find(operation.Path.Attribute) is { Attribute: null };

    private IEnumerable<PatchOperation> Spread(ResourceType type, PatchOperation operation)
    {
        foreach (var (key, value) in operation.Value as JsonObject ?? [])
        {
            var path = PatchPath.TryParse(
                operation.Path is { Attribute: var schema } ? Qualified(schema.ToString(), key) : key);
            if (path is { Filter: null, Attribute: var core } && type.IsCoreSchema(core))
            {
                yield return new PatchOperation(operation.Kind, Path: null, NestedObject(core, value));
                continue;
            }
            var target = path is null ? null : type.Find(path.Attribute);
            if (target is { Attribute: not null } && key.AsSpan().ContainsAny(".[:"))
                Note(ClientQuirk.PathAsKey);
            // Okta sends back all that it knows of the user: unknown and read-only attributes are ignored, as in a PUT.
            if (target is { ReadOnly: false })
                yield return new PatchOperation(operation.Kind, path, value);
            else
                NoteIgnored(key, value, isKnown: target is not null);
        }
    }

    private static bool IsEcho(AttributeTarget target, PatchOperation operation, JsonObject document)
    {
        var holder = target.FindHolder(document);
        var present = target.Sub is null
            ? holder?[target.Attribute!.Name]
            : (holder?[target.Attribute!.Name] as JsonObject)?[target.Sub.Name];
        return operation.Kind != PatchKind.Remove
            && (JsonNode.DeepEquals(present, operation.Value) || (present is null && IsEmpty(operation.Value)));
    }

    private Filter? AnyOf(SchemaAttribute attribute, JsonNode values)
    {
        var each = values is JsonArray array ? [.. array.OfType<JsonNode>()] : new List<JsonNode> { values };
        if (each.Count > DocumentReader.MaxValues)
            Refuse(attribute.Name, ScimError.InvalidValue(
                $"At most {DocumentReader.MaxValues} values can be removed in one operation."));
        return each.Take(DocumentReader.MaxValues).Select(value => SameAs(attribute, value)).OfType<Filter>()
            .Aggregate((Filter?)null, (left, right) => left is null ? right : new Filter.Or(left, right));
    }

    private Filter? SameAs(SchemaAttribute attribute, JsonNode value)
    {
        var parts = NormalizeElement(attribute, value) as JsonObject
            ?? new JsonObject { ["value"] = value.DeepClone() };
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
}
