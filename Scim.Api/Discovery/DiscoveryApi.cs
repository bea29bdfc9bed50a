using System.Text.Json.Nodes;
using Scim.Api.Admission;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;
using Shared.Contracts;

namespace Scim.Api.Discovery;

/// <summary>
/// The discovery endpoints (RFC 7644 §4). The responses are the files that the server itself uses, adapted to the
/// caller's account. Without a token (RFC 7643 §5), they show the defaults.
/// </summary>
internal static class DiscoveryApi
{
    private static readonly string ConfigText = EmbeddedFile.Read("service-provider-config.json");

    private static readonly Resource Config = ConfigOf(ConfigText);

    private static readonly Resource ConfigWithoutPagination = ConfigOf(Edited(ConfigText, config =>
        config.Remove("pagination")));

    private static readonly Resource[] Schemas = [.. Schema.All.Select(schema => SchemaOf(schema, schema.Text))];

    private static readonly Resource[] SchemasWithNames =
        [.. Schema.All.Select(schema => SchemaOf(schema, Edited(schema.Text, RequireNames)))];

    private static readonly Resource[] ResourceTypes =
        [.. ResourceType.All.Select(type => new Resource("ResourceType", $"/ResourceTypes/{type.Name}", type.Text))];

    public static void MapDiscovery(this IEndpointRouteBuilder scim)
    {
        scim.MapGet("/ServiceProviderConfig", (HttpContext http) => ScimResult.Ok(ConfigFor(http), Projection.Whole));
        scim.MapGet("/Schemas", (HttpContext http) => List(http.Request, SchemasFor(http)));
        scim.MapGet("/Schemas/{id}", (HttpContext http, string id) => Find(SchemasFor(http), "Schema", id));
        scim.MapGet("/ResourceTypes", (HttpRequest request) => List(request, ResourceTypes));
        scim.MapGet("/ResourceTypes/{id}", (string id) => Find(ResourceTypes, "ResourceType", id));
    }

    /// <summary>The metadata of RFC 9728, for clients that have no token yet.</summary>
    public static void MapResourceMetadata(this IEndpointRouteBuilder endpoints) => endpoints
        .MapGet(ResourceMetadata.WellKnown + "/{**resource}", (HttpContext http, ResourceMetadata metadata) =>
            http.Request.Path == metadata.Address.AbsolutePath
                ? BufferedResponse.Send(http.Response, metadata)
                : throw new ScimException(ScimError.NotFound("Resource", http.Request.Path)))
        .AllowAnonymous();

    private static Resource ConfigFor(HttpContext http) =>
        http.Features.Get<Caller>() is { Account.OmitPagination: true } ? ConfigWithoutPagination : Config;

    /// <summary>The schemas according to the caller's attribute rules; the default rules require names.</summary>
    private static Resource[] SchemasFor(HttpContext http) =>
        (http.Features.Get<Caller>()?.Account.AttributeRules ?? AttributeRuleSets.Guide) == AttributeRuleSets.Guide
            ? SchemasWithNames
            : Schemas;

    private static Resource ConfigOf(string text) => new("ServiceProviderConfig", "/ServiceProviderConfig", text);

    private static Resource SchemaOf(Schema schema, string text) => new("Schema", $"/Schemas/{schema.Id}", text);

    private static void RequireNames(JsonObject schema)
    {
        if (!ResourceType.User.Schema.Is((string)schema["id"]!))
            return;
        var name = AttributeOf(schema["attributes"]!, "name");
        name["required"] = true;
        foreach (var part in (string[])["givenName", "familyName"])
            AttributeOf(name["subAttributes"]!, part)["required"] = true;
    }

    private static JsonNode AttributeOf(JsonNode attributes, string name) =>
        attributes.AsArray().Single(attribute => (string)attribute!["name"]! == name)!;

    private static string Edited(string text, Action<JsonObject> edit)
    {
        var json = JsonNode.Parse(text)!.AsObject();
        edit(json);
        return Resource.Text(json);
    }

    // RFC 7644 §4: a filter is refused, so that the client does not mistake the whole list for the matches.
    private static IResult List(HttpRequest request, Resource[] resources) => request.Query.ContainsKey("filter")
        ? ScimError.Forbidden($"{request.Path} cannot be filtered.")
        : ScimResult.List(resources);

    private static IResult Find(Resource[] resources, string type, string id) =>
        Array.Find(resources, r => r.Path.EndsWith("/" + id, StringComparison.OrdinalIgnoreCase)) is { } resource
            ? ScimResult.Ok(resource, Projection.Whole)
            : ScimError.NotFound(type, id);
}
