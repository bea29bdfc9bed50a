using System.Buffers;
using System.Text.Json.Nodes;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Protocol.Bulk;

/// <summary>An operation of a bulk request. It is validated by <see cref="Validate"/> when its turn comes.</summary>
internal sealed record BulkOperation(JsonObject? Members)
{
    private static readonly SearchValues<char> PathCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/-_.");

    private static readonly string[] Methods = ["POST", "PUT", "PATCH", "DELETE"];

    public string? Method { get; } = Text(Members, "method")?.ToUpperInvariant();

    public string? Path { get; } = Text(Members, "path");

    /// <summary>
    /// The path as errors and logs show it: without a query, which it should not have; null if the rest is not a valid
    /// path and may be a secret.
    /// </summary>
    public string? ShownPath => Path?.Split('?', 2)[0] is { } path
        && !path.Replace("/bulkId:", "/", StringComparison.Ordinal).AsSpan().ContainsAnyExcept(PathCharacters)
            ? path
            : null;

    /// <summary>The name by which other operations refer to the resource that a POST creates.</summary>
    public string? BulkId { get; } = Text(Members, "bulkId");

    /// <summary>The entity tag that the resource must have (RFC 7644 §3.14).</summary>
    public string? Version { get; } = Text(Members, "version");

    public JsonObject? Data { get; } = Members?["data"] as JsonObject;

    /// <summary>Whether a member other than <see cref="Data"/> has a string that cannot be stored.</summary>
    public bool HasUnstorableMember =>
        Members?.Any(member => member.Value != Data && RequestBody.HasUnstorable(member.Value)) == true;

    /// <summary>Whether it creates a resource that other operations can refer to by its bulkId.</summary>
    public bool Creates => Method == "POST" && BulkId is not null;

    /// <summary>What follows the endpoint in the path: an id, or a reference to a new resource.</summary>
    public string? Target => Path?.TrimStart('/').Split('/', 2).ElementAtOrDefault(1);

    /// <summary>The bulkIds that path and data refer to (§3.7.2).</summary>
    public IEnumerable<string> References =>
        BulkReferences.In(Data).Concat(BulkReferences.Find(Target) is { } inPath ? [inPath] : []).Distinct();

    public static BulkOperation Read(JsonNode? operation) => new(operation as JsonObject);

    /// <summary>Refuses an operation that is not valid for this resource type.</summary>
    public void Validate(ResourceType type)
    {
        if (Members is null)
            throw Invalid("Each of Operations must be an object.");
        if (!Methods.Contains(Method))
            throw Invalid("method must be POST, PUT, PATCH or DELETE.");
        CheckPath(type);
        if (Members["bulkId"] is not null && string.IsNullOrEmpty(BulkId))
            throw Invalid("bulkId must be a string.");
        if (Method == "POST" && BulkId is null)
            throw Invalid("A POST needs a bulkId.");
        if (Members["version"] is not null && Version is null)
            throw Invalid("version must be a string.");
        if (Method != "DELETE" && Data is null)
            throw Invalid($"A {Method} needs data, which must be an object.");
        // PUT and PATCH may deactivate a user.
        if (Method is not ("PUT" or "PATCH") && RequestBody.HasUnstorable(Data))
            throw new ScimException(RequestBody.Unstorable());
    }

    private void CheckPath(ResourceType type)
    {
        if (string.IsNullOrEmpty(Path))
            throw Invalid("An operation needs a path.");
        var endpoint = "/" + Path.TrimStart('/').Split('/', 2)[0];
        if (endpoint.Equals("/Groups", StringComparison.OrdinalIgnoreCase)
            || endpoint.Equals("/Me", StringComparison.OrdinalIgnoreCase))
            throw new ScimException(
                ScimError.NotImplemented($"{endpoint} is not supported: SciLeads provisions users."));
        if (!endpoint.Equals(type.Endpoint, StringComparison.OrdinalIgnoreCase))
            throw new ScimException(new ScimError(
                404,
                null,
                $"{ShownPath ?? "This"} is not a valid path of a bulk operation. Use {type.Endpoint} or "
                + $"{type.Endpoint}/ID."));
        if (string.IsNullOrEmpty(Target) != (Method == "POST"))
            throw new ScimException(
                new ScimError(405, null, $"{Method} is not supported at {ShownPath ?? "this path"}."));
    }

    private static string? Text(JsonObject? members, string name) => DocumentReader.Text(members?[name]);

    private static ScimException Invalid(string detail) => new(ScimError.InvalidSyntax(detail));
}
