using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Discovery;

/// <summary>
/// What a client can find out about this server (RFC 7644 §4). The answers are the files that the server itself works
/// by.
/// </summary>
internal static class DiscoveryApi
{
    private static readonly Resource Config =
        new("ServiceProviderConfig", "/ServiceProviderConfig", EmbeddedFile.Read("service-provider-config.json"));

    private static readonly Resource[] Schemas =
        [.. Schema.All.Select(schema => new Resource("Schema", $"/Schemas/{schema.Id}", schema.Text))];

    private static readonly Resource[] ResourceTypes =
        [.. ResourceType.All.Select(type => new Resource("ResourceType", $"/ResourceTypes/{type.Name}", type.Text))];

    public static void MapDiscovery(this IEndpointRouteBuilder scim)
    {
        scim.MapGet("/ServiceProviderConfig", () => ScimResult.Ok(Config, Projection.Whole));
        scim.MapGet("/Schemas", (HttpRequest request) => List(request, Schemas));
        scim.MapGet("/Schemas/{id}", (string id) => Find(Schemas, "Schema", id));
        scim.MapGet("/ResourceTypes", (HttpRequest request) => List(request, ResourceTypes));
        scim.MapGet("/ResourceTypes/{id}", (string id) => Find(ResourceTypes, "ResourceType", id));
    }

    /// <summary>The metadata of RFC 9728, for clients that have no token yet.</summary>
    public static void MapResourceMetadata(this IEndpointRouteBuilder endpoints) => endpoints
        .MapGet(ResourceMetadata.WellKnown + "/{**resource}", IResult (HttpRequest request, ResourceMetadata metadata) =>
            request.Path == metadata.Address.AbsolutePath
                ? Results.Json(metadata)
                : ScimError.NotFound("Resource", request.Path))
        .AllowAnonymous();

    // RFC 7644 §4: a filter is refused, lest the client takes the answer for all that matches.
    private static IResult List(HttpRequest request, Resource[] resources) => request.Query.ContainsKey("filter")
        ? ScimError.Forbidden($"{request.Path} cannot be filtered.")
        : ScimResult.List(resources);

    private static IResult Find(Resource[] resources, string type, string id) =>
        Array.Find(resources, r => r.Path.EndsWith("/" + id, StringComparison.OrdinalIgnoreCase)) is { } resource
            ? ScimResult.Ok(resource, Projection.Whole)
            : ScimError.NotFound(type, id);
}
