using System.Text.Json.Nodes;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Protocol.Messages;

/// <summary>
/// Which attributes an answer holds: those asked for by <c>attributes</c>, or all but <c>excludedAttributes</c>
/// (RFC 7644 §3.9). What is returned always, is; what is never returned, is not; what is returned on request must be
/// among <c>attributes</c>. Names that are unknown are ignored.
/// </summary>
internal sealed record Projection(IReadOnlyList<AttributePath> Included, IReadOnlyList<AttributePath> Excluded)
{
    public static Projection Whole { get; } = new([], []);

    public bool IsWhole => this is { Included.Count: 0, Excluded.Count: 0 };

    /// <summary>Binds an endpoint's parameter.</summary>
    public static ValueTask<Projection> BindAsync(HttpContext context)
    {
        var query = context.Request.Query;
        return new(query.Count == 0 ? Whole : Read(query["attributes"], query["excludedAttributes"]));
    }

    public static Projection Read(IEnumerable<string?> attributes, IEnumerable<string?> excludedAttributes)
    {
        var projection = new Projection(Names(attributes), Names(excludedAttributes));
        return projection is { Included.Count: > 0, Excluded.Count: > 0 }
            ? throw new ScimException(
                ScimError.InvalidValue("attributes and excludedAttributes cannot be used together."))
            : projection;
    }

    /// <summary>Takes out of a resource what is not wanted.</summary>
    public void Cut(JsonObject resource, ResourceType type)
    {
        if (Included.Count > 0)
            Keep(resource, type);
        else
            Leave(resource, type);
        var wanted = Included.Select(type.Find).ToHashSet();
        foreach (var hidden in type.Hidden.Where(hidden => hidden.IsNeverReturned || !wanted.Contains(hidden)))
            Remove(resource, hidden);
        LeaveUnusedSchemas(resource, type);
    }

    // schemas says what is in the representation (RFC 7643 §3): no extension of which nothing is returned.
    private static void LeaveUnusedSchemas(JsonObject resource, ResourceType type)
    {
        if (resource["schemas"] is not JsonArray schemas)
            return;
        foreach (var extension in type.Extensions.Where(extension => !resource.ContainsKey(extension.Id)))
            if (schemas.FirstOrDefault(urn => DocumentReader.Text(urn) == extension.Id) is { } unused)
                schemas.Remove(unused);
    }

    private void Keep(JsonObject resource, ResourceType type)
    {
        var whole = resource.DeepClone().AsObject();
        var always = Schema.Common.Attributes.Concat(type.Schema.Attributes).Where(a => a.Returned == Returned.Always);
        foreach (var name in whole.Select(member => member.Key).Where(key => !always.Any(a => a.Name == key)))
            resource.Remove(name);
        foreach (var target in Included.Select(type.Find).OfType<AttributeTarget>())
            Copy(target, whole, resource);
    }

    private static void Copy(AttributeTarget target, JsonObject whole, JsonObject part)
    {
        if (target.HolderIn(whole) is not { } from)
            return;
        if (target.Attribute is not { Name: var name })
        {
            part[target.Extension!.Id] = from.DeepClone();
            return;
        }
        if (from[name] is not { } value || !target.ValuesIn(whole).Any())
            return;
        var to = target.HolderMadeIn(part);
        if (target.Sub is not { Name: var sub })
            to[name] = value.DeepClone();
        else if (value is JsonObject parts)
            CopySub(parts, (JsonObject)(to[name] ??= new JsonObject()), sub);
        else if (value is JsonArray values)
        {
            var copies = (JsonArray)(to[name] ??= new JsonArray([.. values.Select(_ => new JsonObject())]));
            foreach (var (each, copy) in values.Zip(copies))
                CopySub((JsonObject)each!, (JsonObject)copy!, sub);
        }
    }

    private static void CopySub(JsonObject from, JsonObject to, string sub)
    {
        if (from[sub] is { } value)
            to[sub] = value.DeepClone();
    }

    private void Leave(JsonObject resource, ResourceType type)
    {
        var excluded = Excluded.Select(type.Find).OfType<AttributeTarget>();
        foreach (var target in excluded.Where(target => target.Attribute?.Returned != Returned.Always))
            Remove(resource, target);
    }

    private static void Remove(JsonObject resource, AttributeTarget target)
    {
        if (target.HolderIn(resource) is not { } holder)
            return;
        if (target.Attribute is not { Name: var name })
            resource.Remove(target.Extension!.Id);
        else if (target.Sub is not { Name: var sub })
            holder.Remove(name);
        else
            foreach (var value in (target with { Sub = null }).ValuesIn(resource).OfType<JsonObject>())
                value.Remove(sub);
        if (holder.Count == 0 && target.Extension is { } extension)
            resource.Remove(extension.Id);
    }

    private static IReadOnlyList<AttributePath> Names(IEnumerable<string?> parameters) =>
    [
        .. parameters
            .SelectMany(names => (names ?? "").Split(','))
            .Select(name => name.Trim())
            .Where(name => name.Length > 0)
            // A name that cannot be one is unknown, like others that the schema does not have.
            .Select(name => AttributePath.TryParse(name, out var path) ? path : new AttributePath(null, name)),
    ];
}
