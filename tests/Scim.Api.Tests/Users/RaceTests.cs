using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Scim.Api.Data;
using Scim.Api.Provisioning;
using Scim.Api.Users;

namespace Scim.Api.Tests.Users;

/// <summary>What holds when many write at once.</summary>
[Parallelizable]
internal sealed class RaceTests
{
    private ScimServer server = null!;

    [OneTimeSetUp]
    public async Task Start() => server = await ScimServer.Start();

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [Test]
    public async Task Of_fifty_creates_of_one_userName_one_succeeds()
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
    public async Task The_last_five_seats_go_to_five_of_twenty()
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
    public async Task Writers_of_one_user_lose_no_update_and_hear_of_no_conflict()
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
    public async Task Bulk_requests_and_single_ones_lose_no_update_of_each_other()
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
    public async Task Deactivating_twice_at_once_gives_one_seat_back()
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
