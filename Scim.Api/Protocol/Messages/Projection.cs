using System.Text.Json.Nodes;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Protocol.Messages;

/// <summary>
/// The attributes of a response: those in <c>attributes</c>, or all except <c>excludedAttributes</c> (RFC 7644 §3.9).
/// Attributes with <c>returned: always</c> are always included, those with <c>returned: never</c> never, and those with
/// <c>returned: request</c> only if they are in <c>attributes</c>. Unknown names are ignored.
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

    /// <summary>Removes all other attributes from a resource.</summary>
    public void ApplyTo(JsonObject resource, ResourceType type)
    {
        if (Included.Count > 0)
            Include(resource, type);
        else
            Exclude(resource, type);
        var wanted = Included.Select(type.Find).ToHashSet();
        foreach (var hidden in type.Hidden.Where(hidden => hidden.IsNeverReturned || !wanted.Contains(hidden)))
            Remove(resource, hidden);
        RemoveUnusedSchemas(resource, type);
    }

    // schemas lists what is in the representation (RFC 7643 §3), so it omits an extension without any attribute in it.
    private static void RemoveUnusedSchemas(JsonObject resource, ResourceType type)
    {
        if (resource["schemas"] is not JsonArray schemas)
            return;
        foreach (var extension in type.Extensions.Where(extension => !resource.ContainsKey(extension.Id)))
            if (schemas.FirstOrDefault(urn => DocumentReader.Text(urn) == extension.Id) is { } unused)
                schemas.Remove(unused);
    }

    private void Include(JsonObject resource, ResourceType type)
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
        if (target.FindHolder(whole) is not { } from)
            return;
        if (target.Attribute is not { Name: var name })
        {
            part[target.Extension!.Id] = from.DeepClone();
            return;
        }
        if (from[name] is not { } value || !target.ValuesIn(whole).Any())
            return;
        var to = target.GetOrAddHolder(part);
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

    private void Exclude(JsonObject resource, ResourceType type)
    {
        var excluded = Excluded.Select(type.Find).OfType<AttributeTarget>();
        foreach (var target in excluded.Where(target => target.Attribute?.Returned != Returned.Always))
            Remove(resource, target);
    }

    private static void Remove(JsonObject resource, AttributeTarget target)
    {
        if (target.FindHolder(resource) is not { } holder)
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
            // A malformed name is treated like an unknown one.
            .Select(name => AttributePath.TryParse(name, out var path) ? path : new AttributePath(null, name)),
    ];
}
