using System.Text.Json.Nodes;
using Scim.Api.Admission;
using Scim.Api.Data;
using Scim.Api.Protocol.Filters;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Paging;
using Scim.Api.Protocol.Patching;
using Scim.Api.Protocol.Schemas;
using Scim.Api.Provisioning;
using Scim.Api.Users.Search;
using Scim.Api.Users.Walks;
using Shared.Hosting;

namespace Scim.Api.Users;

/// <summary>The <c>/Users</c> endpoint (RFC 7644 §3).</summary>
internal static class UsersApi
{
    public static void MapUsers(this IEndpointRouteBuilder scim)
    {
        var users = scim.MapGroup(ResourceType.User.Endpoint);
        users.MapGet("", List);
        users.MapPost(".search", Search);
        scim.MapPost("/.search", SearchAll);
        users.MapGet("{id}", Get);
        users.MapPost("", Create);
        users.MapPut("{id}", Replace);
        users.MapPatch("{id}", Patch);
        users.MapDelete("{id}", Delete);
    }

    private static Task<ScimResult> List(ListRequest request, [AsParameters] Reading reading)
    {
        var filter = request.Filter is { } text ? BoundFilter.Parse(text, Find(reading)) : null;
        return Page(request, new UserQuery(reading.Caller.AccountId, filter, request.Sorting), reading);
    }

    private static Task<ScimResult> Search(RequestBody body, [AsParameters] Reading reading) =>
        List(ListRequest.Read(body.Json), reading);

    /// <summary>Searches resources of all types (RFC 7644 §3.4.2.1): only users, as there are no others.</summary>
    private static Task<ScimResult> SearchAll(RequestBody body, [AsParameters] Reading reading)
    {
        var request = ListRequest.Read(body.Json);
        var find = Find(reading);
        var filter = request.Filter is { } text ? Filter.Parse(text).BindAmongTypes(find, text) : null;
        var sorting = request.Sorting is { By: var by } && find(by) is null ? null : request.Sorting;
        return Page(request, new UserQuery(reading.Caller.AccountId, filter, sorting), reading);
    }

    // A name without its URN is noted, so that it is in the event if the request is refused.
    private static AttributeLookup Find(Reading reading) =>
        Attempt.Of(reading.Http)!.Quirks.NotingMissingUrns(ResourceType.User.Find);

    private static async Task<ScimResult> Page(ListRequest request, UserQuery query, Reading reading)
    {
        var page = new PageRequest(
            query, request, reading.Message, reading.Http.IsHead(), cancellation => CheckAgain(reading, cancellation));
        return ScimResult.List(await reading.Pages.Read(page, reading.Cancellation), request.Projection);
    }

    private static Task CheckAgain(Reading reading, CancellationToken cancellation) =>
        BearerToken.Of(reading.Http) is { } bearer
            ? reading.Admission.CheckAgain(bearer, isRead: true, cancellation)
            : Task.CompletedTask;

    private static async Task<IResult> Get(
        string id, Preconditions preconditions, Projection projection, Caller caller, LargeMessage message,
        ScimDbContext db, CancellationToken cancellation)
    {
        return await db.ReadUser(caller.AccountId, id, message, cancellation) switch
        {
            null => NotFound(id),
            var known when preconditions.IsKnown(known) => ScimResult.NotModified(known),
            var resource => ScimResult.Ok(resource, projection),
        };
    }

    private static async Task<ScimResult> Create(
        RequestBody body, Projection projection, Attempt attempt, UserWrites users, CancellationToken cancellation)
    {
        attempt.SetSubject(body.Json);
        var wanted = DocumentReader.Read(ResourceType.User, body.Json, attempt.Quirks);
        var user = await users.Create(attempt, wanted, cancellation);
        return ScimResult.Created(user.ToResource(), projection);
    }

    private static Task<IResult> Replace(string id, RequestBody body, [AsParameters] Write write)
    {
        write.Attempt.SetSubject(body.AsSent);
        var put = new PutRequest(body.AsSent, write.Attempt.Quirks);
        return Change(id, write, user => put.ApplyTo(user, ResourceType.User));
    }

    private static Task<IResult> Patch(string id, RequestBody body, [AsParameters] Write write)
    {
        var patch = PatchRequest.Read(body.AsSent, write.Attempt.Quirks);
        return Change(id, write, user => patch.ApplyTo(user, ResourceType.User));
    }

    private static async Task<IResult> Change(string id, Write write, Func<JsonObject, JsonObject> change) =>
        await write.Users.Change(write.Attempt, id, write.Preconditions, change, write.Cancellation) is { } user
            ? ScimResult.Ok(user.ToResource(), write.Projection)
            : NotFound(id);

    private static async Task<IResult> Delete(string id, [AsParameters] Write write) =>
        await write.Users.Delete(write.Attempt, id, write.Preconditions, write.Cancellation)
            ? ScimResult.NoContent
            : NotFound(id);

    private static ScimError NotFound(string id) => ScimError.NotFound(ResourceType.User.Name, id);

    /// <summary>What reading a list needs besides the request for it.</summary>
    private sealed record Reading(
        HttpContext Http,
        Caller Caller,
        LargeMessage Message,
        UserPages Pages,
        TokenAdmission Admission,
        CancellationToken Cancellation);

    /// <summary>What a write of a user needs besides its body.</summary>
    private sealed record Write(
        Preconditions Preconditions,
        Projection Projection,
        Attempt Attempt,
        UserWrites Users,
        CancellationToken Cancellation);
}
