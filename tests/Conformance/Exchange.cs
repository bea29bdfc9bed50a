using System.Text.Json.Nodes;

namespace Conformance;

/// <summary>
/// What a client sends and the responses that it needs, as a file <c>Clients/client/name.json</c>: <c>headers</c>, what
/// is <c>given</c>, and <c>steps</c>. Given are <c>users</c>, named user1, user2…; and, of the account, <c>domains</c>,
/// <c>seats</c> and <c>rules</c>, which only the tests of this repository can arrange. Texts may contain names in
/// braces: <c>{tag}</c> makes them unique, <c>{domain}</c> is the domain of addresses, earlier steps kept the others.
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

    /// <summary>What the account must be like; null if any account will do.</summary>
    public string? Account => Given?.Where(part => part.Key != "users").ToList() is { Count: > 0 } parts
        ? string.Join(", ", parts.Select(part => $"{part.Key} {part.Value!.ToJsonString()}"))
        : null;

    /// <summary>How many users may exist at the same time.</summary>
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
/// A request and the required response. <c>step</c> says what the client does. With <c>echo</c>, the body is the user
/// as last returned, with the members of <c>body</c> replaced. <c>status</c> is the status that SciLeads sends, or a
/// list of all that the client accepts, beginning with it. <c>response</c> is the part that matters: <c>"*"</c> is any
/// value, null means absent, and the values of a list may have any order. <c>keep</c> names values for later steps.
/// <c>pages</c> reads a whole list in pages of that size, and must find each of <c>sees</c> once.
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

    /// <summary>The required media type; null for any kind of JSON.</summary>
    public string? MediaType => (string?)Json["mediaType"];

    public int? Pages => (int?)Json["pages"];

    public IEnumerable<string> Sees => (Json["sees"] as JsonArray ?? []).Select(id => (string)id!);

    public IEnumerable<(string Name, string Path)> Keep =>
        (Json["keep"] as JsonObject ?? []).Select(one => (one.Key, (string)one.Value!));

    public IEnumerable<(string Name, string Value)> Headers => Exchange.HeadersOf(Json);
}
