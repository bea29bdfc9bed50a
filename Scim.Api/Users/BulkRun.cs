using System.Text.Json.Nodes;
using Scim.Api.Admission;
using Scim.Api.Protocol.Bulk;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Patching;
using Scim.Api.Protocol.Schemas;
using Scim.Api.Provisioning;
using Shared.Contracts;
using Shared.Hosting.Data;

namespace Scim.Api.Users;

/// <summary>
/// Does the operations of a bulk request, each as the endpoint of its own would: in its own transaction, with its own
/// event, and refused by itself, also because the credential set has ended since the operation before. A client that
/// goes away leaves what was done until then.
/// </summary>
internal sealed class BulkRun(
    BulkRequest request,
    Caller caller,
    BearerToken bearer,
    string requestId,
    IServiceScopeFactory scopes,
    ProvisioningLog events,
    ILogger<BulkRun> log)
{
    private readonly BulkResult?[] results = new BulkResult?[request.Operations.Count];
    private readonly Dictionary<string, string> ids = new(StringComparer.Ordinal);
    private readonly HashSet<int> incomplete = [];
    private readonly HashSet<string> awaited =
        [.. request.Operations.Where(operation => operation.Creates).Select(operation => operation.BulkId!)];

    /// <summary>What came of the operations that were done, in their order in the request.</summary>
    public async Task<IReadOnlyList<BulkResult>> Run(CancellationToken cancellation)
    {
        var errors = 0L;
        foreach (var (place, kind) in BulkPlan.Of(request.Operations))
        {
            if (kind == BulkStepKind.Do)
                await Do(place, cancellation);
            else if (incomplete.Remove(place))
                await Complete(place, cancellation);
            else
                continue;
            if (results[place]!.Error is not null && ++errors >= request.FailOnErrors)
                break;
        }
        foreach (var place in incomplete)
            results[place] = Lacking(place, "the rest of the bulk request was left undone");
        return [.. results.OfType<BulkResult>()];
    }

    private async Task Do(int place, CancellationToken cancellation)
    {
        var operation = request.Operations[place];
        var attempt = new Attempt(caller, NameOf(operation.Method), requestId);
        if (operation is { Method: "POST", Data: { } wanted })
            attempt.SetSubject(wanted);
        results[place] = await Answer(operation, attempt, async users =>
        {
            operation.Check(ResourceType.User);
            // What is awaited still is part of a circle, and comes later.
            if (operation.References.FirstOrDefault(id => !ids.ContainsKey(id) && !awaited.Contains(id)) is { } unknown)
                throw new ScimException(Unresolved(unknown));
            var lacks = !operation.References.All(ids.ContainsKey);
            var resource = await Write(operation, users, attempt, cancellation);
            if (operation.Creates)
                ids[operation.BulkId!] = resource!.Path[(resource.Path.LastIndexOf('/') + 1)..];
            if (lacks)
                incomplete.Add(place);
            return resource;
        }, cancellation);
        if (operation.Creates)
            awaited.Remove(operation.BulkId!);
    }

    /// <summary>
    /// Gives what was made the references that it could not have yet; no write may have come in between.
    /// </summary>
    private async Task Complete(int place, CancellationToken cancellation)
    {
        var (operation, made) = (request.Operations[place], results[place]!.Resource!);
        var attempt = new Attempt(caller, ProvisioningOperations.Replace, requestId);
        var completed = await Answer(operation, attempt, async users =>
        {
            if (operation.References.FirstOrDefault(id => !ids.ContainsKey(id)) is { } unknown)
                throw new ScimException(Unresolved(unknown));
            var user = await users.Change(
                attempt,
                ids[operation.BulkId!],
                Preconditions.OfVersion(made.ETag),
                document => new PutRequest(Data(operation), attempt.Quirks).ApplyTo(document, ResourceType.User),
                cancellation);
            return user?.ToResource() ?? throw NotFound(ids[operation.BulkId!]);
        }, cancellation);
        results[place] = completed.Error is { } error ? Lacking(place, error.Detail) : completed;
    }

    /// <summary>The write itself, by the code that the endpoints call; null if nothing is left to show.</summary>
    private async Task<Resource?> Write(
        BulkOperation operation, UserWrites users, Attempt attempt, CancellationToken cancellation)
    {
        if (operation.Method == "POST")
        {
            var wanted = DocumentReader.Read(ResourceType.User, Data(operation), attempt.Quirks);
            return (await users.Create(attempt, wanted, cancellation)).ToResource();
        }

        var id = BulkReferences.Find(operation.Target) is { } bulkId ? ids[bulkId] : operation.Target!;
        attempt.SetSubject(id);
        var version = Preconditions.OfVersion(operation.Version);
        if (operation.Method == "DELETE")
            return await users.Delete(attempt, id, version, cancellation) ? null : throw NotFound(id);

        Func<JsonObject, ResourceType, JsonObject> change = operation.Method == "PUT"
            ? new PutRequest(Data(operation), attempt.Quirks).ApplyTo
            : PatchRequest.Read(Data(operation), attempt.Quirks).ApplyTo;
        var changed = await users.Change(attempt, id, version, user => change(user, ResourceType.User), cancellation);
        return changed?.ToResource() ?? throw NotFound(id);
    }

    private async Task<BulkResult> Answer(
        BulkOperation operation,
        Attempt attempt,
        Func<UserWrites, Task<Resource?>> write,
        CancellationToken cancellation)
    {
        try
        {
            // What a refused write left in the context is gone with it.
            await using var scope = scopes.CreateAsyncScope();
            attempt.SetCaller(
                await scope.ServiceProvider.GetRequiredService<TokenAdmission>().CheckAgain(bearer, cancellation));
            var resource = await write(scope.ServiceProvider.GetRequiredService<UserWrites>());
            return new BulkResult(operation, StatusOf(operation.Method), resource);
        }
        catch (ScimException refusal)
        {
            await events.Refuse(attempt, refusal.Error);
            return new BulkResult(operation, refusal.Error.Status, Error: refusal.Error);
        }
        // The client must hear what was done until then, and the others may still succeed.
        catch (Exception fault) when (!cancellation.IsCancellationRequested)
        {
            log.LogError(fault, "{Method} {Path} of a bulk request failed", operation.Method, operation.ShownPath);
            var error = DatabaseOutage.IsCauseOf(fault) ? ScimError.DatabaseUnavailable() : ScimError.Fault();
            await events.Refuse(attempt, error);
            return new BulkResult(operation, error.Status, Error: error);
        }
    }

    private JsonObject Data(BulkOperation operation) =>
        BulkReferences.Resolve(operation.Data!, id => ids.GetValueOrDefault(id));

    private BulkResult Lacking(int place, string reason)
    {
        var (operation, made) = (request.Operations[place], results[place]!.Resource!);
        var error = new ScimError(
            409, null, $"User {ids[operation.BulkId!]} was created, but not with all that it refers to: {reason}");
        return new BulkResult(operation, error.Status, made, error);
    }

    private static ScimError Unresolved(string bulkId) => new(
        409, null, $"bulkId:{bulkId} cannot be resolved: no POST of this request made anything of that bulkId.");

    private static ScimException NotFound(string id) => new(ScimError.NotFound(ResourceType.User.Name, id));

    private static int StatusOf(string? method) => method switch
    {
        "POST" => StatusCodes.Status201Created,
        "DELETE" => StatusCodes.Status204NoContent,
        _ => StatusCodes.Status200OK,
    };

    private static string NameOf(string? method) => method switch
    {
        "POST" => ProvisioningOperations.Create,
        "PUT" => ProvisioningOperations.Replace,
        "PATCH" => ProvisioningOperations.Patch,
        "DELETE" => ProvisioningOperations.Delete,
        _ => ProvisioningOperations.Bulk,
    };
}
