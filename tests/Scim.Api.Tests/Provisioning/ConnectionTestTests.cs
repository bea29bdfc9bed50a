using System.Net;
using System.Net.Http.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;
using Scim.Api.Data;
using Scim.Api.Provisioning;
using Scim.Api.Users;
using Shared.Contracts;

namespace Scim.Api.Tests.Provisioning;

/// <summary>The requests of a connection test: they work like others, and leave and count nothing.</summary>
[Parallelizable]
[Category("AnyDatabase")]
internal sealed class ConnectionTestTests
{
    private const string Scope = $"{Scopes.Scim} {Scopes.ConnectionTest}";

    private readonly FakeTimeProvider time = new(DateTime.UtcNow.Date.AddHours(12));
    private ScimServer server = null!;

    [OneTimeSetUp]
    public async Task Start() => server = await ScimServer.Start(time: time);

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [Test]
    public async Task It_is_in_no_figure_and_its_events_are_marked()
    {
        var account = AccountWithSeats(1);
        using var test = TestOf(server, account);

        var user = await test.CreateUser("test@example.com");
        var during = await Overview(account);
        var patched = await test.Patch($"Users/{user.Id()}", """{"op":"replace","value":{"active":false}}""");
        var reactivated = await test.Patch($"Users/{user.Id()}", """{"op":"replace","value":{"active":true}}""");
        var conflict = await test.Post("Users", Requests.NewUser("test@example.com"));
        var deleted = await test.Delete($"Users/{user.Id()}");
        var after = await Overview(account);

        Assert.That(
            new[] { patched, reactivated, conflict, deleted }.Select(answer => (int)answer.Status),
            Is.EqualTo(new[] { 200, 200, 409, 204 }));
        foreach (var overview in new[] { during, after })
        {
            using (Assert.EnterMultipleScope())
            {
                Assert.That(overview.Seats.Single().Used, Is.Zero);
                Assert.That(overview.Days, Has.All.Property("Changes").Zero.And.All.Property("Refusals").Zero);
                Assert.That(overview.PeopleChangedToday, Is.Zero);
                Assert.That(overview.Refusals, Is.Empty);
                Assert.That(overview.LastCall, Is.Null);
                Assert.That(overview.HasRequested || overview.HasProvisioned, Is.False);
            }
        }
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        var events = await db.EventsOf(account.Id).ToListAsync();
        Assert.That(events, Has.Count.EqualTo(5).And.All.Property("Outcome").EqualTo(ProvisioningOutcomes.Tested));
        var erased = await db.Users.SingleAsync(one => one.AccountId == account.Id);
        Assert.That((erased.Document, erased.UserName, erased.SearchText), Is.EqualTo(("", "", "")));
    }

    [Test]
    public async Task It_needs_a_free_seat_and_leaves_it_to_others()
    {
        var account = AccountWithSeats(1);
        using var provider = server.ClientOf(account);
        using var test = TestOf(server, account);

        await test.CreateUser("test@example.com");
        await provider.CreateUser("ann@example.com");
        var second = await test.Post("Users", Requests.NewUser("test2@example.com"));

        Assert.That(second.Status, Is.EqualTo(HttpStatusCode.Forbidden));
        Assert.That(second.Detail, Does.StartWith("No seat of the product portal is left"));
        Assert.That((await Overview(account)).Refusals, Is.Empty);
    }

    [Test]
    public async Task It_cannot_change_anybody_else()
    {
        var account = new TestAccount();
        using var provider = server.ClientOf(account);
        using var test = TestOf(server, account);
        var path = $"Users/{(await provider.CreateUser("ann@example.com")).Id()}";

        var patched = await test.Patch(path, """{"op":"replace","value":{"active":false}}""");
        var deleted = await test.Delete(path);

        Assert.That((patched.Status, deleted.Status), Is.EqualTo((HttpStatusCode.NotFound, HttpStatusCode.NotFound)));
        Assert.That((bool)(await provider.Get(path))["active"]!);
    }

    [Test]
    public async Task What_an_interrupted_test_leaves_behind_is_erased()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var other = await ScimServer.Start(time: clock);
        var account = new TestAccount();
        using var provider = other.ClientOf(account);
        using var test = TestOf(other, account);
        await provider.CreateUser("ann@example.com");
        await test.CreateUser("test@example.com");
        var erasure = other.Services.GetServices<IHostedService>().OfType<Erasure>().Single();

        Assert.That(await erasure.EraseInterruptedTests(default), Is.Zero, "The test may still be running.");
        clock.Advance(TimeSpan.FromMinutes(11));
        await erasure.EraseInterruptedTests(default);

        var left = await provider.Get("Users");
        Assert.That((int)left["totalResults"]!, Is.EqualTo(1));
        Assert.That((string)left["Resources"]![0]!["userName"]!, Is.EqualTo("ann@example.com"));
        await using var scope = other.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        Assert.That(await db.Users.CountAsync(user => user.SearchText.Contains("test@")), Is.Zero);
        Assert.That(await db.Set<UserEmail>().CountAsync(email => email.ValueKey.StartsWith("test@")), Is.Zero);
    }

    private static HttpClient TestOf(ScimServer server, TestAccount account)
    {
        var client = server.ClientWith($"Bearer {server.AuthServer.IssueToken(account, Scope)}");
        client.BaseAddress = new Uri($"{server.Url}/scim/v2/");
        return client;
    }

    private static TestAccount AccountWithSeats(int seats)
    {
        var account = new TestAccount();
        account.Policy = account.Policy with
        {
            Licences = [new() { Product = "portal", Seats = seats, GivenToNewUsers = true }],
        };
        return account;
    }

    private async Task<PortalOverview> Overview(TestAccount account)
    {
        using var portal = server.PortalOf(account);
        return (await portal.GetFromJsonAsync<PortalOverview>("overview"))!;
    }
}
