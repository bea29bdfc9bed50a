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
/// Runs the operations of a bulk request, each as if it were a request of its own: in its own transaction, with its own
/// event and its own result. An operation is also refused if the credential set has ended since the previous one. If
/// the client disconnects, the operations that have been committed stay.
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
    private readonly HashSet<string> pending =
        [.. request.Operations.Where(operation => operation.Creates).Select(operation => operation.BulkId!)];

    /// <summary>Returns the results of the operations that were run, in the order of the request.</summary>
    public async Task<IReadOnlyList<BulkResult>> Run(CancellationToken cancellation)
    {
        var errors = 0L;
        foreach (var (index, kind) in BulkPlan.Of(request.Operations))
        {
            if (kind == BulkStepKind.Run)
                await RunOperation(index, cancellation);
            else if (incomplete.Remove(index))
                await CompleteOperation(index, cancellation);
            else
                continue;
            if (results[index]!.Error is not null && ++errors >= request.FailOnErrors)
                break;
        }
        foreach (var index in incomplete)
            results[index] = Incomplete(index, "the rest of the bulk request was not run");
        return [.. results.OfType<BulkResult>()];
    }

    private async Task RunOperation(int index, CancellationToken cancellation)
    {
        var operation = request.Operations[index];
        var attempt = new Attempt(caller, NameOf(operation.Method), requestId);
        if (operation is { Method: "POST", Data: { } wanted })
            attempt.SetSubject(wanted);
        results[index] = await Execute(operation, attempt, async users =>
        {
            operation.Validate(ResourceType.User);
            // A reference that is still pending is part of a circle, and is added later.
            if (operation.References.FirstOrDefault(id => !ids.ContainsKey(id) && !pending.Contains(id)) is { } unknown)
                throw new ScimException(Unresolved(unknown));
            var isIncomplete = !operation.References.All(ids.ContainsKey);
            var resource = await Write(operation, users, attempt, cancellation);
            if (operation.Creates)
                ids[operation.BulkId!] = resource!.Path[(resource.Path.LastIndexOf('/') + 1)..];
            if (isIncomplete)
                incomplete.Add(index);
            return resource;
        }, cancellation);
        if (operation.Creates)
            pending.Remove(operation.BulkId!);
    }

    /// <summary>Adds the references that did not exist when the resource was created. It must be unchanged.</summary>
    private async Task CompleteOperation(int index, CancellationToken cancellation)
    {
        var (operation, created) = (request.Operations[index], results[index]!.Resource!);
        var attempt = new Attempt(caller, ProvisioningOperations.Replace, requestId);
        var completed = await Execute(operation, attempt, async users =>
        {
            if (operation.References.FirstOrDefault(id => !ids.ContainsKey(id)) is { } unknown)
                throw new ScimException(Unresolved(unknown));
            var user = await users.Change(
                attempt,
                ids[operation.BulkId!],
                Preconditions.OfVersion(created.ETag),
                document => new PutRequest(Data(operation), attempt.Quirks).ApplyTo(document, ResourceType.User),
                cancellation);
            return user?.ToResource() ?? throw NotFound(ids[operation.BulkId!]);
        }, cancellation);
        results[index] = completed.Error is { } error ? Incomplete(index, error.Detail) : completed;
    }

    /// <summary>Writes the user with the code that the endpoints use; null if the user was deleted.</summary>
    private async Task<Resource?> Write(
        BulkOperation operation, UserWrites users, Attempt attempt, CancellationToken cancellation)
    {
        if (operation.Method == "POST")
        {
            var wanted = DocumentReader.Read(ResourceType.User, Data(operation), attempt.Quirks);
            return (await users.Create(attempt, wanted, cancellation)).ToResource();
        }

        var id = BulkReferences.Find(operation.Target) is { } bulkId ? ids[bulkId] : operation.Target!;
        var version = Preconditions.OfVersion(operation.Version);
        if (operation.Method == "DELETE")
            return await users.Delete(attempt, id, version, cancellation) ? null : throw NotFound(id);

        Func<JsonObject, ResourceType, JsonObject> change = operation.Method == "PUT"
            ? new PutRequest(Data(operation), attempt.Quirks).ApplyTo
            : PatchRequest.Read(Data(operation), attempt.Quirks).ApplyTo;
        var changed = await users.Change(attempt, id, version, user => change(user, ResourceType.User), cancellation);
        return changed?.ToResource() ?? throw NotFound(id);
    }

    private async Task<BulkResult> Execute(
        BulkOperation operation,
        Attempt attempt,
        Func<UserWrites, Task<Resource?>> write,
        CancellationToken cancellation)
    {
        try
        {
            // A context of its own, because a refused write leaves changes in it.
            await using var scope = scopes.CreateAsyncScope();
            var admission = scope.ServiceProvider.GetRequiredService<TokenAdmission>();
            attempt.SetCaller(await admission.CheckAgain(bearer, isRead: false, cancellation));
            var resource = await write(scope.ServiceProvider.GetRequiredService<UserWrites>());
            return new BulkResult(operation, StatusOf(operation.Method), resource);
        }
        catch (ScimException refusal)
        {
            await events.Refuse(attempt, refusal.Error);
            return new BulkResult(operation, refusal.Error.Status, Error: refusal.Error);
        }
        // The client must learn what has been done so far, and the other operations may still succeed.
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

    private BulkResult Incomplete(int index, string reason)
    {
        var (operation, created) = (request.Operations[index], results[index]!.Resource!);
        var error = new ScimError(
            409, null, $"User {ids[operation.BulkId!]} was created without some of its references: {reason}");
        return new BulkResult(operation, error.Status, created, error);
    }

    private static ScimError Unresolved(string bulkId) => new(
        409, null, $"bulkId:{bulkId} cannot be resolved: no POST of this request created a resource with this bulkId.");

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
