using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Scim.Api.Data;
using Scim.Api.Provisioning;
using Scim.Api.Users;

namespace Scim.Api.Tests.Users;

/// <summary>Concurrent writes.</summary>
[Parallelizable]
internal sealed class RaceTests
{
    private ScimServer server = null!;

    [OneTimeSetUp]
    public async Task Start() => server = await ScimServer.Start();

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [Test]
    public async Task One_of_fifty_creates_with_the_same_userName_succeeds()
    {
        using var client = server.ClientOf(new TestAccount());
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(i =>
            client.Post("Users", Requests.NewUser(i % 2 == 0 ? "one@example.com" : "ONE@example.com"))));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(answers.Count(a => a.Status == HttpStatusCode.Created), Is.EqualTo(1));
            Assert.That(
                answers.Count(a => a is { Status: HttpStatusCode.Conflict, ScimType: "uniqueness" }), Is.EqualTo(49));
        }
    }

    [Test]
    public async Task Five_of_twenty_creates_get_the_last_five_seats()
    {
        var account = new TestAccount();
        account.Policy = account.Policy with
        {
            Licences = [new() { Product = "portal", Seats = 7, GivenToNewUsers = true }],
        };
        using var client = server.ClientOf(account);
        await client.CreateUser("first@example.com");
        await client.CreateUser("second@example.com");

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i =>
            client.Post("Users", Requests.NewUser($"user{i}@example.com"))));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(answers.Count(a => a.Status == HttpStatusCode.Created), Is.EqualTo(5));
            Assert.That(answers.Count(a => a.Status == HttpStatusCode.Forbidden), Is.EqualTo(15));
            Assert.That((int)(await client.Get("Users?count=0"))["totalResults"]!, Is.EqualTo(7));
        }
        await AssertCounts(account, users: 7, seats: 7);
    }

    [Test]
    public async Task Concurrent_writes_of_one_user_lose_no_update_and_cause_no_conflict()
    {
        using var client = server.ClientOf(new TestAccount());
        var id = (await client.CreateUser("ann@example.com")).Id();
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => client.Patch(
            $"Users/{id}", $$"""{"op":"add","path":"phoneNumbers","value":[{"value":"{{i}}","type":"work"}]}""")));
        Assert.That(answers.Select(a => a.Status), Is.All.EqualTo(HttpStatusCode.OK));

        var user = await client.Get($"Users/{id}");
        Assert.That(user["phoneNumbers"]!.AsArray(), Has.Count.EqualTo(20));
    }

    [Test]
    public async Task Concurrent_bulk_and_single_requests_lose_no_update()
    {
        using var client = server.ClientOf(new TestAccount());
        var id = (await client.CreateUser("ann@example.com")).Id();
        string Add(int i) => $$"""{"op":"add","path":"phoneNumbers","value":[{"value":"{{i}}","type":"work"}]}""";
        string Operation(int i) =>
            $$"""{"method":"PATCH","path":"/Users/{{id}}","data":{"Operations":[{{Add(i)}}]} }""";
        var bulks = Enumerable.Range(0, 5).Select(n => client.Post(
            "Bulk", $$"""{"Operations":[{{string.Join(',', Enumerable.Range(n * 5, 5).Select(Operation))}}]}"""));
        var patches = Enumerable.Range(25, 10).Select(i => client.Patch($"Users/{id}", Add(i)));
        await Task.WhenAll(bulks.Concat(patches));
        Assert.That((await client.Get($"Users/{id}"))["phoneNumbers"]!.AsArray(), Has.Count.EqualTo(35));
    }

    [Test]
    public async Task Two_concurrent_deactivations_release_one_seat()
    {
        var account = new TestAccount();
        account.Policy = account.Policy with
        {
            Licences = [new() { Product = "portal", Seats = 3, GivenToNewUsers = true }],
        };
        using var client = server.ClientOf(account);
        var id = (await client.CreateUser("ann@example.com")).Id();
        await client.CreateUser("bob@example.com");
        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ =>
            client.Patch($"Users/{id}", """{"op":"replace","value":{"active":false}}""")));
        await AssertCounts(account, users: 2, seats: 1);
    }

    /// <summary>Entra ID's soft delete releases an address while another user takes it.</summary>
    [Test]
    public async Task A_soft_delete_succeeds_while_others_take_its_address()
    {
        using var client = server.ClientOf(new TestAccount());
        for (var i = 0; i < 10; i++)
        {
            var (leaver, other) = ($"leaver{i}@example.com", $"other{i}@example.com");
            var ids =
                new List<string> { (await client.CreateUser(leaver)).Id(), (await client.CreateUser(other)).Id() };
            string Off(string name) => $$"""{"op":"Replace","path":"active","value":"False"},{"op":"Replace","path":"userName","value":"{{name}}"}""";
            var free = $"0123456789abcdef{leaver}";
            var answers = await Task.WhenAll(
                client.Patch($"Users/{ids[0]}", Off(free)),
                client.Patch($"Users/{ids[1]}", Off(leaver)),
                client.Post("Users", Requests.NewUser(leaver)),
                client.Post("Users", Requests.NewUser(leaver.ToUpperInvariant())),
                client.Post("Users", Requests.NewUser(free)));
            var users = (await client.Get("Users?count=500"))["Resources"]!.AsArray();
            using (Assert.EnterMultipleScope())
            {
                Assert.That(
                    answers.Take(2).Select(a => a.Status), Is.All.EqualTo(HttpStatusCode.OK), answers[0].ToString());
                Assert.That(
                    answers.Skip(2).Select(a => a.Status),
                    Is.All.AnyOf(HttpStatusCode.Created, HttpStatusCode.Conflict));
                Assert.That(users.Select(user => ((string)user!["userName"]!).ToUpperInvariant()), Is.Unique);
                Assert.That(
                    users.SelectMany(user => user!["emails"]!.AsArray()).Select(
                        email => ((string)email!["value"]!).ToUpperInvariant()),
                    Is.Unique);
            }
        }
    }

    /// <summary>
    /// All work e-mails of a user are looked up in one query, because other writes of the account wait.
    /// </summary>
    [TestCase("POST")]
    [TestCase("PUT")]
    [TestCase("PATCH")]
    [TestCase("Bulk")]
    public async Task Many_work_emails_need_one_query(string how)
    {
        await using var server = await ScimServer.Start(logsEverything: true);
        using var client = server.ClientOf(new TestAccount());
        string Emails(int count, string name) => string.Join(',', Enumerable.Range(0, count).Select(
            i => $$"""{"value":"{{name}}{{i}}@example.com","type":"work"}"""));
        await client.CreateUser("other@example.com", $",\"emails\":[{Emails(20, "other")}]");
        var id = how == "POST" ? "" : (await client.CreateUser("ann@example.com")).Id();

        var taken = await Write(
            client, how, id, $"{Emails(480, "ann")},{Emails(20, "other")}");
        server.Logs.Clear();
        var many = await Write(client, how, id, Emails(500, "ann"));
        var queries = server.Logs.Lines.Count(line =>
            line.Contains("Executed DbCommand", StringComparison.Ordinal)
            && line.Contains("SELECT", StringComparison.Ordinal)
            && line.Contains("ValueKey", StringComparison.Ordinal));
        using (Assert.EnterMultipleScope())
        {
            Assert.That((string?)many["status"], Is.Null.Or.EqualTo("200"), many.Detail);
            Assert.That(queries, Is.InRange(1, 3), "loading the user, and one look-up");
            Assert.That(taken.Detail, Does.StartWith("The work e-mail other0@example.com belongs to another user"));
        }
    }

    private static async Task<Answer> Write(HttpClient client, string how, string id, string emails)
    {
        var patch = $$"""{"op":"replace","path":"emails","value":[{{emails}}]}""";
        var bulk = $$"""{"Operations":[{"method":"PATCH","path":"/Users/{{id}}","data":{"Operations":[{{patch}}]} }]}""";
        var answer = how switch
        {
            "POST" => await client.Post("Users", Requests.NewUser("ann@example.com", $",\"emails\":[{emails}]")),
            "PUT" => await client.Put($"Users/{id}", Requests.NewUser("ann@example.com", $",\"emails\":[{emails}]")),
            "PATCH" => await client.Patch($"Users/{id}", patch),
            _ => await client.Post("Bulk", bulk),
        };
        return answer["Operations"]?[0]?["response"] is null ? answer : answer.FirstOfBulk();
    }

    private async Task AssertCounts(TestAccount account, int users, int seats)
    {
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(await db.UsersOf(account.Id).CountAsync(), Is.EqualTo(users));
            Assert.That(await db.CountUsers(account.Id, default), Is.EqualTo(users));
            Assert.That(await db.SeatsOf(account.Id).CountAsync(), Is.EqualTo(seats));
            Assert.That((await db.CountSeats(account.Policy, default)).Single().Used, Is.EqualTo(seats));
        }
    }
}
