using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Paging;

namespace Scim.Api.Discovery;

/// <summary>
/// What RFC 7644 defines and this server does not support. The list of groups is empty, for clients that import groups
/// (Okta's box <i>Import Groups</i>); everything else is 501.
/// </summary>
internal static class UnsupportedApi
{
    public static void MapUnsupported(this IEndpointRouteBuilder scim)
    {
        var groups = scim.MapGroup("/Groups");
        groups.MapGet("", (ListRequest list) => None(list));
        groups.MapPost(".search", (RequestBody body) => None(ListRequest.Read(body.Json)));
        groups.MapGet("{id}", (string id) => ScimError.NotFound("Group", id));
        groups.MapPost("", Groups);
        groups.MapMethods("{id}", ["PUT", "PATCH", "DELETE"], Groups);

        scim.Map(
            "/Me", () => Unsupported("/Me is not supported: a credential belongs to an application, not to a person."));
    }

    private static ScimResult None(ListRequest list) => ScimResult.List(
        new ListResponse(0, []) { StartIndex = list.Cursor is null ? list.Page.StartIndex : null }, Projection.Whole);

    private static ScimError Groups() =>
        Unsupported("Groups are not supported by SciLeads: turn off pushing groups in the identity provider.");

    private static ScimError Unsupported(string detail) => ScimError.NotImplemented(detail);
}
