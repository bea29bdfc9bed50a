using System.Text.Json;
using System.Text.Json.Nodes;
using Scim.Api.Protocol.Messages;

namespace Scim.Api.Protocol.Bulk;

/// <summary>
/// A bulk request (RFC 7644 §3.7). An error in the request itself refuses it as a whole before anything is done; an
/// error in an operation is that operation's result. After <paramref name="FailOnErrors"/> errors, the remaining
/// operations are not run.
/// </summary>
internal sealed record BulkRequest(IReadOnlyList<BulkOperation> Operations, long FailOnErrors)
{
    /// <summary>As in <c>/ServiceProviderConfig</c>. The maximum size is <see cref="RequestBody.MaxLength"/>.</summary>
    public const int MaxOperations = 1000;

    public static BulkRequest Read(JsonObject request)
    {
        if (request[nameof(Operations)] is not JsonArray { Count: > 0 } list)
            throw Invalid("A bulk request needs a list of Operations with at least one operation.");
        if (list.Count > MaxOperations)
            throw new ScimException(new ScimError(
                413, null, $"The request has {list.Count} operations, which exceeds maxOperations ({MaxOperations})."));

        var operations = list.Select(BulkOperation.Read).ToList();
        // In the data of an operation, such a string is only that operation's error.
        if (request.Any(member => member.Value != list && RequestBody.HasUnstorable(member.Value))
            || operations.Exists(operation => operation.HasUnstorableMember))
            throw new ScimException(RequestBody.Unstorable());
        var known = new HashSet<string>(StringComparer.Ordinal);
        if (operations.Find(operation => operation.BulkId is { } id && !known.Add(id)) is { BulkId: var twice })
            throw Invalid($"The bulkId \"{twice}\" is used by more than one operation.");
        return new BulkRequest(operations, ReadFailOnErrors(request["failOnErrors"]));
    }

    private static long ReadFailOnErrors(JsonNode? value) => value switch
    {
        null => long.MaxValue,
        JsonValue number when number.GetValueKind() == JsonValueKind.Number
            && number.TryGetValue<long>(out var errors) && errors >= 0 => errors,
        _ => throw new ScimException(ScimError.InvalidValue("failOnErrors must be a non-negative integer.")),
    };

    private static ScimException Invalid(string detail) => new(ScimError.InvalidSyntax(detail));
}
