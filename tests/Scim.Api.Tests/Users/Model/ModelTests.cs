using System.Text.Json.Nodes;
using CsCheck;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Scim.Api.Data;
using Scim.Api.Provisioning;

namespace Scim.Api.Tests.Users.Model;

/// <summary>
/// Random sequences of requests: server and <see cref="ModelAccount"/> agree after each step on status, users, order
/// and versions, and at the end on the number of users and seats. <c>TEST_NIGHTLY=1</c> tries many more.
/// </summary>
[Parallelizable]
[Category("Slow")]
internal sealed class ModelTests
{
    private const int Seats = 2;

    private static readonly int tries = Environment.GetEnvironmentVariable("TEST_NIGHTLY") is null ? 20 : 3_000;

    private ScimServer server = null!;

    [OneTimeSetUp]
    public async Task Start() => server = await ScimServer.Start();

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [TestCase(false)]
    [TestCase(true)]
    public async Task Server_and_model_agree(bool restores)
    {
        var statuses = new HashSet<int>();
        await RandomRequests.Sequence.SampleAsync(
            async requests => statuses.UnionWith(await Walk(requests, restores)),
            iter: tries,
            threads: 1,
            seed: "0000000000004",
            print: requests => string.Join('\n', requests.Select(request => request.ToString())));
        Assert.That(statuses, Is.EquivalentTo(new[] { 200, 201, 204, 403, 404, 409, 412 }), "everything happened");
    }

    private async Task<IEnumerable<int>> Walk(ModelRequest[] requests, bool restores)
    {
        var account = new TestAccount();
        account.Policy = account.Policy with
        {
            RestoreInactive = restores,
            Licences = [new() { Product = "portal", Seats = Seats, GivenToNewUsers = true }],
        };
        using var client = server.ClientOf(account);
        var model = new ModelAccount(Seats, restores);
        var sender = new Sender(client);
        var statuses = new HashSet<int>();
        foreach (var request in requests)
        {
            var about = model.At(Who(request));
            var sent = await sender.Send(request, about);
            var expected = model.Answer(request);
            sender.Compare(request, expected, sent);
            statuses.Add(expected.Status);
        }
        await CompareCounts(account, model);
        return statuses;
    }

    private async Task CompareCounts(TestAccount account, ModelAccount model)
    {
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(await db.CountUsers(account.Id, default), Is.EqualTo(model.Users.Count()));
            Assert.That(await db.SeatsOf(account.Id).CountAsync(), Is.EqualTo(model.SeatsTaken));
            Assert.That((await db.CountSeats(account.Policy, default)).Single().Used, Is.EqualTo(model.SeatsTaken));
        }
    }

    private static int Who(ModelRequest request) => request switch
    {
        ModelRequest.Put put => put.Who,
        ModelRequest.Patch patch => patch.Who,
        ModelRequest.Delete delete => delete.Who,
        ModelRequest.Get get => get.Who,
        _ => 0,
    };

    /// <summary>Sends the requests of the model, and records the ids and versions that the server assigns.</summary>
    private sealed class Sender(HttpClient client)
    {
        private readonly List<string> ids = [];
        private readonly Dictionary<(int Number, int Version), string> versions = [];

        public Task<Answer> Send(ModelRequest request, ModelUser? about)
        {
            var path = "Users/" + (about is null ? $"{Guid.CreateVersion7()}" : ids[about.Number]);
            return request switch
            {
                ModelRequest.Create create => client.Post("Users", create.User.Body()),
                ModelRequest.Put put =>
                    client.Send("PUT", path, put.User.Body(), headers: IfMatch(put.Match, about)),
                ModelRequest.Patch patch => client.Patch(path, Operation(patch), IfMatch(patch.Match, about)),
                ModelRequest.Delete delete => client.Send("DELETE", path, headers: IfMatch(delete.Match, about)),
                ModelRequest.Get => client.Get(path),
                ModelRequest.Find find => client.Get($"Users?filter={find.Attribute} eq \"{find.Value}\""),
                _ => client.Get("Users?count=500"),
            };
        }

        public void Compare(ModelRequest request, ModelAnswer expected, Answer sent)
        {
            Assert.That((int)sent.Status, Is.EqualTo(expected.Status), $"{request}: {sent}");
            if (expected.Status is not (200 or 201))
                return;
            JsonObject[] users = sent["Resources"] is JsonArray list
                ? [.. list.Select(user => user!.AsObject())]
                : sent.Json is { } one && one.ContainsKey("id") ? [one] : [];
            Assert.That(users, Has.Length.EqualTo(expected.Users.Length), $"{request}: {sent}");
            foreach (var (user, json) in expected.Users.Zip(users))
                Compare(request, user, json);
        }

        private void Compare(ModelRequest request, ModelUser user, JsonObject json)
        {
            if (user.Number == ids.Count)
                ids.Add(json.Id());
            var version = (string)json["meta"]!["version"]!;
            var known = versions.Where(one => one.Key.Number == user.Number).ToList();
            if (versions.TryAdd((user.Number, user.Version), version))
                Assert.That(known.Select(one => one.Value), Has.No.Member(version), $"{request}: {json}");
            var shown = user with
            {
                UserName = (string)json["userName"]!,
                Email = (string)json["emails"]!.AsArray().Single()!["value"]!,
                ExternalId = (string?)json["externalId"],
                Title = (string?)json["title"],
                Active = (bool)json["active"]!,
            };
            using (Assert.EnterMultipleScope())
            {
                Assert.That(shown, Is.EqualTo(user), $"{request}: {json}");
                Assert.That(json.Id(), Is.EqualTo(ids[user.Number]), $"{request}: {json}");
                Assert.That(version, Is.EqualTo(versions[(user.Number, user.Version)]), $"{request}: {json}");
            }
        }

        private (string, string)[] IfMatch(Match match, ModelUser? about) => match switch
        {
            Match.None => [],
            Match.Any => [("If-Match", "*")],
            Match.Current when about is not null => [("If-Match", versions[(about.Number, about.Version)])],
            _ => [("If-Match", Former(about))],
        };

        private string Former(ModelUser? about) =>
            about is { Version: > 1 } ? versions[(about.Number, about.Version - 1)] : "W/\"0\"";

        private static string Operation(ModelRequest.Patch patch) => patch switch
        {
            { Value: null } => $$"""{"op":"remove","path":"{{patch.Attribute}}"}""",
            { Attribute: "active" } => $$"""{"op":"replace","path":"active","value":{{patch.Value}}}""",
            _ => $$"""{"op":"replace","path":"{{patch.Attribute}}","value":"{{patch.Value}}"}""",
        };
    }
}
