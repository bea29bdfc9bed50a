using System.Text.Json.Nodes;

namespace Conformance;

/// <summary>
/// The users that were created for an exchange. Only these are changed and deleted: if a server answers a lookup or a
/// create with another user, that user must not be harmed.
/// </summary>
internal sealed class People(Connection connection, Names names)
{
    private readonly HashSet<string> created = new(StringComparer.Ordinal);
    private readonly HashSet<string> unanswered = new(StringComparer.Ordinal);

    /// <summary>Creates a user and remembers it, even if the response was lost.</summary>
    public async Task<Reply> Create(
        JsonNode? user, IEnumerable<(string Name, string Value)> headers, CancellationToken cancellation)
    {
        var userName = Text(user, "userName");
        if (userName is not null)
            unanswered.Add(userName);
        var reply = await connection.Send("POST", "/Users", user, headers, cancellation);
        if (reply.Status is not null and < 500 && userName is not null && await IsKnown(reply, cancellation))
            unanswered.Remove(userName);
        return reply;
    }

    public bool Has(string id) => created.Contains(id);

    /// <summary>Deletes them. Deactivates those that cannot be deleted, and returns a sentence for each.</summary>
    public async Task<IReadOnlyList<string>> Delete(CancellationToken cancellation)
    {
        foreach (var userName in unanswered)
            await LookUp(userName, cancellation);
        unanswered.Clear();

        var left = new List<string>();
        foreach (var id in created)
        {
            var reply = await connection.Send("DELETE", PathOf(id), null, [], cancellation);
            if (reply.IsSuccess || reply.Status == 404)
                continue;
            var inactive = await connection.Send("PATCH", PathOf(id), Deactivation(), [], cancellation);
            left.Add($"User {id} ({names.Tag}) could not be deleted ({reply.Detail})"
                + (inactive.IsSuccess ? ", and is inactive now." : "."));
        }
        created.Clear();
        return left;
    }

    public static string PathOf(string id) => $"/Users/{Uri.EscapeDataString(id)}";

    // A refusal created no user. A user without the tag in the userName was not created here.
    private async Task<bool> IsKnown(Reply reply, CancellationToken cancellation)
    {
        if (!reply.IsSuccess)
            return true;
        if (Text(reply.Json, "id") is not { Length: > 0 } id)
            return false;
        var user = reply.Json;
        if (Text(user, "userName") is null)
            user = (await connection.Send("GET", PathOf(id), null, [], cancellation)).Json;
        return Claim(id, user);
    }

    private async Task LookUp(string userName, CancellationToken cancellation)
    {
        var filter = Uri.EscapeDataString($"userName eq \"{userName}\"");
        var reply = await connection.Send("GET", $"/Users?filter={filter}", null, [], cancellation);
        foreach (var user in (reply.Json as JsonObject)?["Resources"] as JsonArray ?? [])
        {
            if (Text(user, "id") is { Length: > 0 } id)
                Claim(id, user);
        }
    }

    private bool Claim(string id, JsonNode? user)
    {
        var ours = Text(user, "userName")?.Contains(names.Tag, StringComparison.OrdinalIgnoreCase) ?? false;
        if (ours)
            created.Add(id);
        return ours;
    }

    private static string? Text(JsonNode? json, string name) =>
        Expectation.Find(json, name) is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    private static JsonObject Deactivation() => new()
    {
        ["schemas"] = new JsonArray("urn:ietf:params:scim:api:messages:2.0:PatchOp"),
        ["Operations"] = new JsonArray(
            new JsonObject { ["op"] = "replace", ["value"] = new JsonObject { ["active"] = false } }),
    };
}
