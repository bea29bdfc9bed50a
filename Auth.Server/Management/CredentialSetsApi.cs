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
        var reading = management.MapGroup(Root).WithTags("Credential sets")
            .RequireAuthorization(ManagementClients.ReadCredentials);
        reading.MapGet("", List)
            .Described("ListCredentialSets", "Lists the credential sets that the account has and had.", 404);
        reading.MapGet("{id:guid}", Get).Described("GetCredentialSet", "Shows one credential set.", 404)
            .Produces(StatusCodes.Status304NotModified);

        var writing = management.MapGroup(Root).WithTags("Credential sets")
            .RequireAuthorization(ManagementClients.WriteCredentials).DisableAntiforgery();
        writing.MapPost("", Generate).Accepts<CredentialSetRequest>("application/json")
            .Produces<ChangeResponse>(StatusCodes.Status201Created)
            .Described(
                "GenerateCredentialSet",
                "Makes a credential set. Without \"staging\" it takes over at once, and the one before it has ended "
                + "on every node when the answer comes.",
                400, 404, 409, 413, 415, 422);
        writing.MapPost("{id:guid}/check", Check).Accepts<CheckRequest>("application/json")
            .Described(
                "CheckCredentialSet",
                "Says whether a secret or token is that of a staged set, without using it.",
                400, 404, 409, 413, 415);
        writing.MapPost("{id:guid}/activate", Activate).Produces<ChangeResponse>()
            .Described(
                "ActivateCredentialSet",
                "Has a staged set take over. The active one has ended on every node when the answer comes.",
                400, 404, 409, 412, 422);
        writing.MapPost("{id:guid}/revoke", Revoke).Produces<ChangeResponse>()
            .Described(
                "RevokeCredentialSet",
                "Ends the active set without a successor, on every node, or throws the staged one away.",
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
        // Or an account that does not exist would have an empty list.
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
        var wanted = RequestBody.Parse<CredentialSetRequest>(http.Request, body).For(accountId, caller);
        return Answer(http, options, await calls.Once(
            key, StatusCodes.Status201Created, () => Task.CompletedTask,
            once => issuer.Generate(wanted, once, http.RequestAborted)));
    }

    private static async Task<CheckResponse> Check(
        Guid accountId, Guid id, Caller caller, HttpContext http, CredentialCheck check, CancellationToken cancellation)
    {
        caller.RequireAccessTo(accountId);
        var wanted = RequestBody.Parse<CheckRequest>(http.Request, await RequestBody.Read(http.Request));
        await check.Check(accountId, id, wanted.Secret, caller.Actor, cancellation);
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
        RequestBody.RequireNone(body);
        var key = IdempotencyKey.Read(http.Request, caller, body);
        await history.Get(accountId, id, http.RequestAborted);
        return Answer(http, options, await calls.Once(
            key,
            StatusCodes.Status200OK,
            async () => CredentialSetETag.RequireIfMatch(
                http.Request, await history.Get(accountId, id, http.RequestAborted)),
            transition));
    }

    private static JsonHttpResult<ChangeResponse> Answer(HttpContext http, AuthOptions options, Outcome outcome)
    {
        var set = outcome.Issued.Set;
        http.Response.Headers.ETag = CredentialSetETag.For(set);
        // It may tell a secret.
        http.Response.Headers.CacheControl = "no-store";
        if (outcome.IsRetry)
            http.Response.Headers["Idempotency-Replayed"] = "true";
        if (outcome.Status == StatusCodes.Status201Created)
            http.Response.Headers.Location = $"{http.Request.Path}/{set.Id}";
        return TypedResults.Json(ChangeResponse.From(outcome, options), statusCode: outcome.Status);
    }
}
