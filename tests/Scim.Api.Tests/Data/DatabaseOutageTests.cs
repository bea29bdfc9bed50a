using System.Net;
using Microsoft.Data.Sqlite;
using SciLeads.Tests;

namespace Scim.Api.Tests.Data;

/// <summary>
/// While the database is down, hangs, is full or read-only, every endpoint answers 503 with <c>Retry-After</c> and a
/// SCIM error, and the node is not ready. No response is 401, 404 or says that a search takes too long.
/// </summary>
public sealed class DatabaseOutageTests
{
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(30);

    [TestCaseSource(typeof(DatabaseFault), nameof(DatabaseFault.Kinds))]
    public async Task An_outage_of_the_database_is_503_everywhere_and_recovers_by_itself(string kind)
    {
        var folder = Directory.CreateTempSubdirectory("outage-");
        using var fault = DatabaseFault.Of(kind, folder.FullName);
        await using (var server = await ScimServer.Start([$"ConnectionStrings:Scim={fault.ConnectionString}"]))
        {
            var account = new TestAccount();
            using var client = server.ClientOf(account);
            using var portal = server.PortalOf(account);
            using var anybody = server.ClientWith(null);
            var id = (await client.CreateUser("ann@example.com")).Id();

            (string Name, HttpClient Client, string Method, string Path, string? Body)[] requests =
            [
                ("read", client, "GET", $"Users/{id}", null),
                ("list", client, "GET", "Users", null),
                ("look-up", client, "GET", "Users?filter=userName%20eq%20%22ann%40example.com%22", null),
                ("search", client, "GET", "Users?filter=title%20co%20%22x%22", null),
                ("search by POST", client, "POST", "Users/.search",
                    """{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],"filter":"userName pr"}"""),
                ("create", client, "POST", "Users", Requests.NewUser("bob@example.com")),
                ("replace", client, "PUT", $"Users/{id}", Requests.NewUser("ann@example.com", ",\"title\":\"x\"")),
                ("patch", client, "PATCH", $"Users/{id}",
                    $$"""
                    {"schemas":["{{Requests.PatchOp}}"],"Operations":[{"op":"replace","path":"title","value":"y"}]}
                    """),
                ("deactivate", client, "PATCH", $"Users/{id}",
                    $$"""
                    {"schemas":["{{Requests.PatchOp}}"],"Operations":[{"op":"replace","path":"active","value":false}]}
                    """),
                ("portal, people", portal, "GET", "users", null),
                ("portal, events", portal, "GET", "events", null),
                ("delete", client, "DELETE", $"Users/{id}", null),
            ];

            await fault.Begin();
            for (var times = 0; kind == "full" && times < 1000; times++)
            {
                if ((await client.Post("Users", Requests.NewUser($"u{times}@example.com", $",\"title\":\"{new string('x', 4000)}\"")))
                    .Status == HttpStatusCode.ServiceUnavailable)
                    break;
            }
            // The deletion must be last.
            var answers = await Task.WhenAll(requests[..^1].Select(async request => (
                request.Name, Answer: await request.Client.Send(request.Method, request.Path, request.Body))));
            var (last, sender, method, path, body) = requests[^1];
            foreach (var (name, answer) in answers.Append((last, await sender.Send(method, path, body))))
            {
                if (!fault.IsTotal && (int)answer.Status < 500)
                    continue;
                Assert.That((int)answer.Status, Is.EqualTo(503), $"{name}: {answer}");
                Assert.That(answer.Message.Headers.RetryAfter?.Delta, Is.Not.Null, name);
                Assert.That((string?)answer["status"], Is.EqualTo("503"), name);
                Assert.That(
                    answer.Message.Content.Headers.ContentType?.MediaType, Is.EqualTo("application/scim+json"), name);
            }
            Assert.That(await Until(anybody, 503), "it is not ready");
            Assert.That((int)(await anybody.GetAsync("/health/live")).StatusCode, Is.EqualTo(200));

            await fault.End();
            Assert.That(await Until(anybody, 200), "it is ready again");
            foreach (var request in requests)
            {
                var answer = await request.Client.Send(request.Method, request.Path, request.Body);
                Assert.That((int)answer.Status, Is.LessThan(500), request.Name);
            }
        }
        SqliteConnection.ClearAllPools();
        folder.Delete(recursive: true);
    }

    private static async Task<bool> Until(HttpClient http, int status)
    {
        using var limit = new CancellationTokenSource(patience);
        while (!limit.IsCancellationRequested)
        {
            using var answer = await http.GetAsync("/health/ready");
            if ((int)answer.StatusCode == status)
                return true;
            await Task.Delay(50);
        }
        return false;
    }
}
