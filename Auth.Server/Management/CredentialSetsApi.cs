using Auth.Server.Accounts;
using Auth.Server.Connect;
using Auth.Server.Credentials;
using Auth.Server.Issuance;
using Auth.Server.Operations;
using Microsoft.AspNetCore.Http.HttpResults;
using Shared.Contracts;

namespace Auth.Server.Management;

/// <summary>
/// The credential sets of an account. Every call that changes something needs an <c>Idempotency-Key</c>.
/// </summary>
internal static class CredentialSetsApi
{
    private const string Root = AuthServerPaths.Accounts + "/{accountId:guid}/credential-sets";

    public static void MapCredentialSets(this IEndpointRouteBuilder management)
    {
        var read = management.MapGroup(Root).WithTags("Credential sets")
            .RequireAuthorization(ManagementClients.ReadCredentials);
        read.MapGet("", List)
            .Described("ListCredentialSets", "Lists the current and past credential sets of the account.", 404);
        read.MapGet("{id:guid}", Get).Described("GetCredentialSet", "Shows one credential set.", 404)
            .Produces(StatusCodes.Status304NotModified);

        var write = management.MapGroup(Root).WithTags("Credential sets")
            .RequireAuthorization(ManagementClients.WriteCredentials).DisableAntiforgery();
        write.MapPost("", Generate).Accepts<CredentialSetRequest>("application/json")
            .Produces<ChangeResponse>(StatusCodes.Status201Created)
            .Described(
                "GenerateCredentialSet",
                "Generates a credential set. Without \"staging\" it is active immediately, and the previous one has "
                + "ended on every node when the response is sent.",
                400, 404, 409, 413, 415, 422);
        write.MapPost("{id:guid}/check", Check).Accepts<CheckRequest>("application/json")
            .Described(
                "CheckCredentialSet",
                "Checks whether a secret or token belongs to the staged set, without using it.",
                400, 404, 409, 413, 415);
        write.MapPost("{id:guid}/activate", Activate).Produces<ChangeResponse>()
            .Described(
                "ActivateCredentialSet",
                "Activates the staged set. The active one has ended on every node when the response is sent.",
                400, 404, 409, 412, 422);
        write.MapPost("{id:guid}/revoke", Revoke).Produces<ChangeResponse>()
            .Described(
                "RevokeCredentialSet",
                "Ends the active set on every node without replacing it, or discards the staged one.",
                400, 404, 409, 412, 422);
    }

    private static async Task<CredentialSetList> List(
        Guid accountId,
        Caller caller,
        AccountRegister accounts,
        CredentialHistory history,
        CancellationToken cancellation)
    {
        caller.RequireAccessTo(accountId);
        // 404 for an account that does not exist, instead of an empty list.
        await accounts.Get(accountId, cancellation);
        return new([.. (await history.List(accountId, cancellation)).Select(CredentialSetResponse.From)]);
    }

    private static async Task<Results<Ok<CredentialSetResponse>, StatusCodeHttpResult>> Get(
        Guid accountId, Guid id, Caller caller, HttpContext http, CredentialHistory history,
        CancellationToken cancellation)
    {
        caller.RequireAccessTo(accountId);
        var set = await history.Get(accountId, id, cancellation);
        http.Response.Headers.ETag = CredentialSetETag.For(set);
        return CredentialSetETag.MatchesIfNoneMatch(http.Request, set)
            ? TypedResults.StatusCode(StatusCodes.Status304NotModified)
            : TypedResults.Ok(CredentialSetResponse.From(set));
    }

    private static async Task<JsonHttpResult<ChangeResponse>> Generate(
        Guid accountId,
        Caller caller,
        HttpContext http,
        CredentialIssuer issuer,
        RememberedCalls calls,
        AuthOptions options)
    {
        caller.RequireAccessTo(accountId);
        var body = await RequestBody.Read(http.Request);
        var key = IdempotencyKey.Read(http.Request, caller, body);
        var set = RequestBody.Parse<CredentialSetRequest>(http.Request, body).For(accountId, caller);
        return Respond(http, options, await calls.Once(
            key, StatusCodes.Status201Created, () => Task.CompletedTask,
            once => issuer.Generate(set, once, http.RequestAborted)));
    }

    private static async Task<CheckResponse> Check(
        Guid accountId, Guid id, Caller caller, HttpContext http, CredentialCheck check, CancellationToken cancellation)
    {
        caller.RequireAccessTo(accountId);
        var request = RequestBody.Parse<CheckRequest>(http.Request, await RequestBody.Read(http.Request));
        await check.Check(accountId, id, request.Secret, caller.Actor, cancellation);
        return new(id, Good: true);
    }

    private static Task<JsonHttpResult<ChangeResponse>> Activate(
        Guid accountId,
        Guid id,
        Caller caller,
        HttpContext http,
        CredentialSets sets,
        CredentialHistory history,
        RememberedCalls calls,
        AuthOptions options) =>
        Change(accountId, id, caller, http, history, calls, options, async once =>
        {
            var activated = await sets.Activate(accountId, id, caller.Actor, once, http.RequestAborted);
            return new(new(activated.Result, null, null), activated.Confirmation);
        });

    private static Task<JsonHttpResult<ChangeResponse>> Revoke(
        Guid accountId,
        Guid id,
        Caller caller,
        HttpContext http,
        CredentialSets sets,
        CredentialHistory history,
        RememberedCalls calls,
        AuthOptions options) =>
        Change(accountId, id, caller, http, history, calls, options, async once =>
        {
            var confirmation = await sets.Revoke(accountId, id, caller.Actor, once, http.RequestAborted);
            return new(new(await history.Get(accountId, id, CancellationToken.None), null, null), confirmation);
        });

    private static async Task<JsonHttpResult<ChangeResponse>> Change(
        Guid accountId,
        Guid id,
        Caller caller,
        HttpContext http,
        CredentialHistory history,
        RememberedCalls calls,
        AuthOptions options,
        Func<Idempotency, Task<Completed<IssuedCredentials>>> transition)
    {
        caller.RequireAccessTo(accountId);
        var body = await RequestBody.Read(http.Request);
        RequestBody.RequireEmpty(body);
        var key = IdempotencyKey.Read(http.Request, caller, body);
        await history.Get(accountId, id, http.RequestAborted);
        return Respond(http, options, await calls.Once(
            key,
            StatusCodes.Status200OK,
            async () => CredentialSetETag.RequireIfMatch(
                http.Request, await history.Get(accountId, id, http.RequestAborted)),
            transition));
    }

    private static JsonHttpResult<ChangeResponse> Respond(HttpContext http, AuthOptions options, Outcome outcome)
    {
        var set = outcome.Issued.Set;
        http.Response.Headers.ETag = CredentialSetETag.For(set);
        // It may contain a secret.
        http.Response.Headers.CacheControl = "no-store";
        if (outcome.IsRetry)
            http.Response.Headers["Idempotency-Replayed"] = "true";
        if (outcome.Status == StatusCodes.Status201Created)
            http.Response.Headers.Location = $"{http.Request.Path}/{set.Id}";
        return TypedResults.Json(ChangeResponse.From(outcome, options), statusCode: outcome.Status);
    }
}
