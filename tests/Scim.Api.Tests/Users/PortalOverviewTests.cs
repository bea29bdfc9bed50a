using System.Net;
using System.Net.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Scim.Api.Data;
using Scim.Api.Provisioning;
using Shared.Contracts;

namespace Scim.Api.Tests.Users;

/// <summary>The figures of the portal's overview.</summary>
[Parallelizable]
[Category("AnyDatabase")]
internal sealed class PortalOverviewTests
{
    private static readonly DateTime noon = DateTime.UtcNow.Date.AddHours(12);

    // A day that does not end during the tests.
    private readonly FakeTimeProvider time = new(noon);
    private ScimServer server = null!;

    [OneTimeSetUp]
    public async Task Start() => server = await ScimServer.Start(time: time);

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [Test]
    public async Task Changes_and_refusals_are_counted_by_UTC_day()
    {
        var account = new TestAccount();
        var (ann, bob) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await Save(
            Event(account, noon.AddDays(-14)) with { UserId = ann },
            Event(account, noon.Date.AddDays(-13)) with { UserId = ann },
            Event(account, noon.Date.AddMilliseconds(-1)) with { UserId = ann },
            Event(account, noon.Date) with { UserId = ann },
            Event(account, noon.AddHours(-2)) with { UserId = ann, Outcome = ProvisioningOutcomes.Updated },
            Event(account, noon.AddHours(-1)) with { UserId = bob, Outcome = ProvisioningOutcomes.Deactivated },
            Refusal(account, noon.AddHours(-1), 409) with { UserId = Guid.CreateVersion7(), Repeats = 2 },
            Event(new TestAccount(), noon.AddHours(-1)) with { UserId = Guid.CreateVersion7() });

        var overview = await Overview(account);

        var today = DateOnly.FromDateTime(noon);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                overview.Days.Select(day => day.Day),
                Is.EqualTo(Enumerable.Range(-13, 14).Select(day => today.AddDays(day))));
            Assert.That(
                overview.Days.Select(day => day.Changes),
                Is.EqualTo(new[] { 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3 }),
                "Neither the day before nor another account.");
            Assert.That(overview.Days[^1].Refusals, Is.EqualTo(3), "with its repetitions");
            Assert.That(overview.Days.Sum(day => day.Refusals), Is.EqualTo(3));
            Assert.That(overview.Days, Has.All.Property("HasMore").False);
            Assert.That(overview.PeopleChangedToday, Is.EqualTo(2), "Ann twice, Bob once");
        }
    }

    [Test]
    public async Task Refusals_of_the_last_24_hours_are_grouped_by_cause()
    {
        var account = new TestAccount();
        await Save(
            Refusal(account, noon.AddHours(-25), 401),
            Refusal(account, noon.AddHours(-23), 403, "No seat of the product portal is left: all 3 are taken.", "ann"),
            Refusal(account, noon.AddHours(-2), 403, "No seat of the product portal is left: all 3 are taken.", "bob"),
            Refusal(account, noon.AddHours(-3), 409, "The userName x belongs to another user.", "Kim"),
            Refusal(account, noon.AddHours(-1), 409, "The userName y belongs to another user.", "kim"),
            Refusal(account, noon.AddHours(-4), 429) with { Repeats = 40 });

        var overview = await Overview(account);

        Assert.That(overview.HasMoreRefusals, Is.False);
        Assert.That(
            overview.Refusals.Select(cause => (cause.Cause, cause.Count, cause.Last, cause.UserName)),
            Is.EqualTo(new[]
            {
                (RefusalCauses.RateLimit, 41, noon.AddHours(-4), null),
                (RefusalCauses.Conflict, 2, noon.AddHours(-1), "kim"),
                (RefusalCauses.Seats, 2, noon.AddHours(-2), (string?)null),
            }));
        Assert.That(overview.Refusals, Has.All.Property("Last").Matches<DateTime>(at => at.Kind == DateTimeKind.Utc));
    }

    [Test]
    public async Task It_says_how_far_an_identity_provider_has_come_and_how_many_seats_are_used()
    {
        var account = new TestAccount();
        account.Policy = account.Policy with
        {
            Domains = ["example.com"],
            Licences = [new() { Product = "portal", Seats = 3, GivenToNewUsers = true }],
        };
        using var scim = server.ClientOf(account);
        using var portal = server.PortalOf(account);
        var steps = new List<(bool Requested, bool Provisioned)>();

        await portal.PostAsJsonAsync("users", new NewPortalUser
        {
            Email = "ada@example.com", FirstName = "Ada", LastName = "Lovelace",
        });
        await Look();
        await scim.Post("Users", Requests.NewUser("ann@other.org"));
        await Look();
        await scim.CreateUser("ann@example.com");
        var overview = await Look();

        Assert.That(steps, Is.EqualTo(new[] { (false, false), (true, false), (true, true) }));
        Assert.That(
            overview.Seats, Is.EqualTo(new[] { new ProductSeats { Product = "portal", Seats = 3, Used = 2 } }));

        Assert.That(overview.LastCall!.CredentialSet, Is.EqualTo(account.SetId));

        async Task<PortalOverview> Look()
        {
            var seen = await Overview(account);
            steps.Add((seen.HasRequested, seen.HasProvisioned));
            return seen;
        }
    }

    [Test]
    public async Task A_refused_token_does_not_count_as_a_call()
    {
        var account = new TestAccount();
        var (current, replaced) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await Save(
            Event(account, noon.AddHours(-4)) with { CredentialSetId = replaced },
            Refusal(account, noon.AddHours(-3), 403) with { CredentialSetId = current },
            Refusal(account, noon.AddHours(-2), 401) with { CredentialSetId = replaced },
            Event(account, noon.AddHours(-1)) with { Administrator = "ada@example.com" });

        var call = (await Overview(account)).LastCall!;

        Assert.That((call.CredentialSet, call.Time), Is.EqualTo((current, noon.AddHours(-3))));
    }

    [Test]
    public async Task An_account_without_events_has_days_without_figures()
    {
        var overview = await Overview(new TestAccount());

        Assert.That(overview.Days, Has.Count.EqualTo(14));
        Assert.That(overview.Days.Select(day => (day.Changes, day.Refusals)), Has.All.EqualTo((0, 0)));
        Assert.That(
            (overview.PeopleChangedToday, overview.Refusals.Count, overview.Seats.Count), Is.EqualTo((0, 0, 0)));
        Assert.That(overview.LastCall, Is.Null);
    }

    [Test]
    public async Task The_portal_reads_a_suspended_account_and_changes_nothing()
    {
        var account = new TestAccount();
        using var scim = server.ClientOf(account);
        var ann = (await scim.CreateUser("ann@example.com")).Id();
        account.Policy = account.Policy with { Suspended = true };
        using var portal = server.PortalOf(account);

        foreach (var path in new[] { "overview", "users", $"users/{ann}", "events", "events.csv" })
        {
            using var read = await portal.GetAsync(path);
            Assert.That(read.StatusCode, Is.EqualTo(HttpStatusCode.OK), path);
        }

        var changed = await portal.Send(
            "PATCH", $"users/{ann}", """{"active":false,"reason":"left"}""", "application/json");
        var added = await portal.Send("POST", "users", """{"email":"bob@example.com"}""", "application/json");
        foreach (var refused in new[] { changed, added, await scim.Get("Users"), await scim.Get($"Users/{ann}") })
        {
            Assert.That(refused.Status, Is.EqualTo(HttpStatusCode.Forbidden));
            Assert.That(refused.Detail, Does.Contain("is suspended"));
        }
        account.Policy = account.Policy with { Suspended = false };
        Assert.That((bool)(await scim.Get($"Users/{ann}"))["active"]!);
    }

    [Test]
    public async Task Only_the_portal_reads_it()
    {
        var account = new TestAccount();
        using var identityProvider = server.ClientOf(account);
        using var nobody = server.ClientWith(null);
        Assert.That(
            (await identityProvider.GetAsync("/portal/overview")).StatusCode, Is.EqualTo(HttpStatusCode.Forbidden));
        Assert.That((await nobody.GetAsync("/portal/overview")).StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
    }

    private async Task<PortalOverview> Overview(TestAccount account)
    {
        using var portal = server.PortalOf(account);
        return (await portal.GetFromJsonAsync<PortalOverview>("overview"))!;
    }

    private async Task Save(params ProvisioningEvent[] events)
    {
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        db.AddRange(events.Cast<object>());
        await db.SaveChangesAsync();
    }

    private static ProvisioningEvent Event(TestAccount account, DateTime at) => new()
    {
        AccountId = account.Id,
        Id = Guid.CreateVersion7(at),
        Time = at,
        Operation = ProvisioningOperations.Create,
        Outcome = ProvisioningOutcomes.Created,
        Status = 201,
    };

    private static ProvisioningEvent Refusal(
        TestAccount account, DateTime at, int status, string? reason = null, string? userName = null) =>
        Event(account, at) with
        {
            Outcome = ProvisioningOutcomes.Refused,
            Status = status,
            Reason = reason,
            UserName = userName,
            UserNameKey = CaseFolding.Fold(userName ?? ""),
        };
}
