using Microsoft.Net.Http.Headers;

namespace Scim.Api.Protocol.Messages;

/// <summary>
/// The version conditions of a request (RFC 7644 §3.14, RFC 9110 §13.1). Versions are compared weakly.
/// </summary>
internal sealed record Preconditions(
    IReadOnlyList<EntityTagHeaderValue>? IfMatch, IReadOnlyList<EntityTagHeaderValue> IfNoneMatch)
{
    private static readonly Preconditions none = new(null, []);

    /// <summary>Requires one version, like an operation of a bulk request; null requires none.</summary>
    public static Preconditions OfVersion(string? version) =>
        // As in If-Match, a malformed version matches nothing.
        new(version is null ? null : EntityTagHeaderValue.TryParse(version, out var tag) ? [tag] : [], []);

    /// <summary>Binds an endpoint's parameter.</summary>
    public static ValueTask<Preconditions> BindAsync(HttpContext context)
    {
        if (context.Request.Headers is { IfMatch.Count: 0, IfNoneMatch.Count: 0 })
            return new(none);
        var headers = context.Request.GetTypedHeaders();
        // A malformed If-Match matches nothing, because the client wanted a condition.
        var ifMatch = context.Request.Headers.IfMatch.Count > 0 ? headers.IfMatch.ToList() : null;
        return new(new Preconditions(ifMatch, [.. headers.IfNoneMatch]));
    }

    /// <summary>Whether the client already has this version (304).</summary>
    public bool IsKnown(Resource resource) => Matches(IfNoneMatch, resource);

    /// <summary>Refuses a write if the resource does not have the required version (412).</summary>
    public void Check(Resource resource)
    {
        if (IfMatch is not null && !Matches(IfMatch, resource))
            throw new ScimException(new ScimError(
                412, null, $"The resource has changed: its version, {resource.ETag}, is not in If-Match."));
        if (IsKnown(resource))
            throw new ScimException(new ScimError(
                412, null, $"The resource's version, {resource.ETag}, is in If-None-Match."));
    }

    private static bool Matches(IReadOnlyList<EntityTagHeaderValue> tags, Resource resource) =>
        tags.Any(tag => tag.Equals(EntityTagHeaderValue.Any)
            || tag.Compare(EntityTagHeaderValue.Parse(resource.ETag), useStrongComparison: false));
}
