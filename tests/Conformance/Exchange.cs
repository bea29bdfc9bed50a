using System.Text.Json.Nodes;

namespace Conformance;

/// <summary>
/// What a client sends and what it needs to get, as a file <c>Clients/client/name.json</c>: <c>headers</c>, what is
/// <c>given</c>, and <c>steps</c>. Given are <c>users</c>, named user1, user2…; and of the account <c>domains</c>,
/// <c>seats</c> and <c>rules</c>, which only the tests of this repository can arrange. Texts may have names in braces:
/// <c>{tag}</c> makes them nobody else's, <c>{domain}</c> is where addresses are, the others were kept by steps before.
/// </summary>
internal sealed record Exchange(string Client, string Name, JsonObject File)
{
    public static IReadOnlyList<Exchange> All { get; } =
    [
        .. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Clients"), "*.json", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal).Select(Read),
    ];

    public IEnumerable<Step> Steps => File["steps"]!.AsArray().Select(step => new Step(step!.AsObject()));

    public JsonObject? Given => File["given"] as JsonObject;

    public IEnumerable<JsonObject> Users => (Given?["users"] as JsonArray ?? []).Select(user => user!.AsObject());

    public IEnumerable<(string Name, string Value)> Headers => HeadersOf(File);

    /// <summary>What the account must be like, if not any account will do.</summary>
    public string? Account => Given?.Where(part => part.Key != "users").ToList() is { Count: > 0 } parts
        ? string.Join(", ", parts.Select(part => $"{part.Key} {part.Value!.ToJsonString()}"))
        : null;

    /// <summary>How many users there may be at once.</summary>
    public int Population => Users.Count() + Steps.Count(step => step.Creates);

    public override string ToString() => $"{Client}/{Name}";

    public static IEnumerable<(string Name, string Value)> HeadersOf(JsonObject holder) =>
        (holder["headers"] as JsonObject ?? []).Select(header => (header.Key, (string)header.Value!));

    private static Exchange Read(string file) => new(
        Path.GetFileName(Path.GetDirectoryName(file))!,
        Path.GetFileNameWithoutExtension(file),
        JsonNode.Parse(System.IO.File.ReadAllText(file))!.AsObject());
}

/// <summary>
/// A request and what must come of it. <c>step</c> says what it is to the client, <c>echo</c> that the body is the user
/// as last answered, with the members of <c>body</c> put over. <c>status</c> is what SciLeads answers, or a list of
/// what the client takes that begins with it. <c>response</c> is the part that matters: <c>"*"</c> is anything but
/// nothing, null is absent, values of a list may have any order. <c>keep</c> names what later steps refer to.
/// <c>pages</c> makes the step a walk over a whole list by that many, which must see each of <c>sees</c> once.
/// </summary>
internal sealed record Step(JsonObject Json)
{
    public string Title => (string)Json["step"]!;

    public string Request => (string)Json["request"]!;

    public string Method => Request[..Request.IndexOf(' ', StringComparison.Ordinal)];

    public string Path => Request[(Method.Length + 1)..];

    public bool Creates => this is { Method: "POST", Path: "/Users" };

    public JsonNode? Body => Json["body"];

    public bool Echoes => (bool?)Json["echo"] ?? false;

    public IReadOnlyList<int> Statuses =>
        Json["status"] is JsonArray several ? [.. several.Select(one => (int)one!)] : [(int)Json["status"]!];

    public JsonNode? Response => Json["response"];

    /// <summary>The media type that must come; any kind of JSON if none is named.</summary>
    public string? MediaType => (string?)Json["mediaType"];

    public int? Pages => (int?)Json["pages"];

    public IEnumerable<string> Sees => (Json["sees"] as JsonArray ?? []).Select(id => (string)id!);

    public IEnumerable<(string Name, string Path)> Keep =>
        (Json["keep"] as JsonObject ?? []).Select(one => (one.Key, (string)one.Value!));

    public IEnumerable<(string Name, string Value)> Headers => Exchange.HeadersOf(Json);
}
