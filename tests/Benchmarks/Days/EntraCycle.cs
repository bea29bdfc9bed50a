using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Benchmarks.Days;

/// <summary>
/// What Entra ID does in its first cycle: looks up each user of the directory and creates it, a few at a time and as
/// fast as the answers come. Then the cycles that follow, in which it looks up and changes one user in a hundred.
/// </summary>
internal sealed class EntraCycle(Product product, Report report)
{
    private const int AtATime = 8;
    private const int ChangesPerSecond = 25;
    private const string Users = "/scim/v2/Users";

    private readonly Client client = new(product, report);
    private readonly ConcurrentDictionary<int, string> ids = [];

    /// <param name="users">How many users the directory has.</param>
    /// <param name="minutes">For how long changes follow.</param>
    public Task Run(int users, double minutes) => client.Record($"Entra cycle of {users} users", async () =>
    {
        await Parallel.ForAsync(0, users, new ParallelOptions { MaxDegreeOfParallelism = AtATime }, Provision);
        var begin = Stopwatch.GetTimestamp();
        using var clock = new PeriodicTimer(TimeSpan.FromSeconds(1.0 / ChangesPerSecond));
        var running = new List<Task>();
        for (var i = 0; Stopwatch.GetElapsedTime(begin).TotalMinutes < minutes; i += 97)
        {
            await clock.WaitForNextTickAsync();
            running.Add(Change(i % users));
        }
        await Task.WhenAll(running);
    });

    private async ValueTask Provision(int number, CancellationToken cancellation)
    {
        await LookUp(number);
        var created = await client.Send("create", new("POST", Users, client.Token)
        {
            ContentType = Requests.ScimJson,
            Body = Body(number),
        });
        if ((string?)created?["id"] is { } id)
            ids[number] = id;
    }

    private async Task Change(int number)
    {
        await LookUp(number);
        if (!ids.TryGetValue(number, out var id))
            return;
        await client.Send("PATCH", new("PATCH", $"{Users}/{id}", client.Token)
        {
            ContentType = Requests.ScimJson,
            Body =
                $$"""
                {"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[
                {"op":"Replace","path":"title","value":"Engineer {{DateTime.UtcNow.Ticks}}"},
                {"op":"Add","path":"phoneNumbers[type eq \"work\"].value","value":"+1 555 {{number}}"}]}
                """,
        });
    }

    private Task<JsonNode?> LookUp(int number) => client.Send("look up", new(
        "GET", $"{Users}?filter=userName+eq+%22{UserName(number)}%22", client.Token));

    private static string UserName(int number) =>
        string.Create(CultureInfo.InvariantCulture, $"joy.young{number}@contoso.example");

    private static string Body(int number) =>
        $$"""
        {"schemas":["urn:ietf:params:scim:schemas:core:2.0:User",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
        "externalId":"jyoung{{number}}","userName":"{{UserName(number)}}","active":true,
        "displayName":"Joy Young {{number}}","title":"Engineer","preferredLanguage":"en-US",
        "emails":[{"primary":true,"type":"work","value":"{{UserName(number)}}"}],
        "name":{"givenName":"Joy","familyName":"Young {{number}}","formatted":"Joy Young {{number}}"},
        "addresses":[{"type":"work","primary":false,"formatted":"18/2111","streetAddress":"One Contoso Way",
        "locality":"Redmond","region":"WA","postalCode":"98052","country":"US"}],
        "phoneNumbers":[{"type":"work","value":"+1 425 {{number}}"},{"type":"mobile","value":"+1 206 {{number}}"}],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{
        "employeeNumber":"{{number}}","department":"Product Development"} }
        """;
}
