using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Scim.Api.Admission;
using Scim.Api.Data;
using Scim.Api.Protocol.Messages;
using Scim.Api.Provisioning;
using Shared.Contracts;
using WireMock.ResponseBuilders;

namespace Scim.Api.Tests.Provisioning;

/// <summary>Repeated refusals leave one event a minute, and those of unknown callers leave none.</summary>
internal sealed class RepeatedRefusalTests
{
    private readonly FakeTimeProvider time = new(DateTimeOffset.UtcNow);
    private ScimServer server = null!;

    [OneTimeSetUp]
    public async Task Start() =>
        server = await ScimServer.Start(
            ["Introspection:Retries=0", "Introspection:BreakerThroughput=10000"], time: time);

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [TearDown]
    public void Recover() => server.AuthServer.Recover();

    [Test]
    public async Task A_replaced_token_leaves_one_event_a_minute()
    {
        var account = new TestAccount();
        var set = account.SetId;
        using var client = server.ClientOf(account);
        (account.SetId, account.Generation) = (Guid.CreateVersion7(), 2);
        for (var i = 0; i < 5; i++)
            Assert.That((await client.Get("Users")).Status, Is.EqualTo(HttpStatusCode.Unauthorized));
        var events = await EventsOf(account);
        Assert.That(events, Has.Count.EqualTo(1));
        Assert.That(
            (events[0].Status, events[0].CredentialSetId, events[0].Operation), Is.EqualTo((401, (Guid?)set, "read")));
        Assert.That(events[0].Reason, Does.Contain("replaced or revoked"));

        var repeats = server.Services.GetRequiredService<RefusalRepeats>();
        await repeats.Write(default);
        await client.Get("Users");
        await repeats.Write(default);
        await repeats.Write(default);
        time.Advance(TimeSpan.FromSeconds(61));
        await client.Get("Users");
        Assert.That((await EventsOf(account)).Select(e => e.Repeats), Is.EquivalentTo([5, 0]));
    }

    [Test]
    public async Task Refusals_of_expired_tokens_of_one_set_count_as_repetitions()
    {
        var account = new TestAccount();
        for (var i = 0; i < 3; i++)
        {
            var hours = i + 1;
            using var client = server.ClientWith("Bearer " + server.AuthServer.IssueToken(
                () => new() { Active = false },
                jwt =>
                {
                    TestAuthServer.AddOrigin(jwt, account);
                    jwt.Expires = DateTime.UtcNow.AddHours(-hours);
                }));
            await client.Get("/scim/v2/Users");
        }
        Assert.That(await EventsOf(account), Has.One.Property("Reason").StartsWith("The token expired on"));
    }

    [TestCase("suspended")]
    [TestCase("disabled")]
    [TestCase("scope")]
    public async Task Callers_without_access_leave_one_event_a_minute(string reason)
    {
        var account = new TestAccount();
        account.Policy = account.Policy with { Suspended = reason == "suspended", ScimEnabled = reason != "disabled" };
        using var client = server.ClientWith(
            "Bearer " + server.AuthServer.IssueToken(account, reason == "scope" ? "other" : Scopes.Scim));
        for (var i = 0; i < 3; i++)
        {
            foreach (var (method, path) in new[]
            {
                ("GET", "Users"), ("POST", "Users"), ("POST", "Bulk"), ("PATCH", "Users/1"), ("GET", "Schemas"),
                ("GET", "Me"),
            })
            {
                var refused = await client.Send(method, "/scim/v2/" + path, method == "GET" ? null : "{}");
                Assert.That(refused.Status, Is.EqualTo(HttpStatusCode.Forbidden));
            }
        }
        Assert.That(await EventsOf(account), Has.One.Property("Status").EqualTo(403));

        time.Advance(TimeSpan.FromSeconds(61));
        await client.Get("/scim/v2/Users");
        Assert.That(await EventsOf(account), Has.Count.EqualTo(2));
    }

    [Test]
    public async Task Other_refusals_leave_one_event_each()
    {
        var account = new TestAccount();
        account.Policy =
            account.Policy with { Licences = [new() { Product = "x", Seats = 0, GivenToNewUsers = true }] };
        using var client = server.ClientOf(account);
        foreach (var name in (string[])["ann", "bob"])
            Assert.That(
                (await client.Post("Users", Requests.NewUser($"{name}@example.com"))).Status,
                Is.EqualTo(HttpStatusCode.Forbidden));
        Assert.That(await EventsOf(account), Has.Count.EqualTo(2));
    }

    [Test]
    public async Task An_outage_leaves_one_event_of_the_tokens_account()
    {
        var account = new TestAccount();
        using var client = server.ClientOf(account);
        server.AuthServer.Fail(AuthServerPaths.Introspection, Response.Create().WithStatusCode(500));
        for (var i = 0; i < 3; i++)
            Assert.That((await client.Get("Users")).Status, Is.EqualTo(HttpStatusCode.ServiceUnavailable));
        Assert.That(await EventsOf(account), Has.One.Property("Status").EqualTo(503));
    }

    [Test]
    public async Task Too_many_requests_leave_one_event_whatever_the_wait()
    {
        var account = new TestAccount();
        var log = server.Services.GetRequiredService<ProvisioningLog>();
        var caller = new Caller(account.Policy, account.Answer().CredentialSet, null, ImmutableHashSet<string>.Empty);
        for (var i = 0; i < 20; i++)
            await log.Refuse(
                new Attempt(caller, ProvisioningOperations.Create, $"{i}"),
                ScimError.TooManyRequests($"Wait {i} seconds.", i));
        Assert.That(await EventsOf(account), Has.One.Property("Status").EqualTo(429));
    }

    [Test]
    public async Task A_refused_operation_of_a_bulk_request_is_one_call()
    {
        var account = new TestAccount();
        var log = server.Services.GetRequiredService<ProvisioningLog>();
        var caller = new Caller(account.Policy, account.Answer().CredentialSet, null, ImmutableHashSet<string>.Empty);
        foreach (var name in new[] { "ann", "bob" })
        {
            var attempt = new Attempt(caller, ProvisioningOperations.Create, "bulk");
            attempt.SetSubject(new System.Text.Json.Nodes.JsonObject { ["userName"] = name });
            await log.Refuse(attempt, ScimError.Uniqueness("Taken."));
        }
        Assert.That(
            (await EventsOf(account)).Select(e => $"{e.RequestId} {e.UserName} {e.Status} {e.ScimType} {e.Reason}"),
            Is.EquivalentTo(["bulk ann 409 uniqueness Taken.", "bulk bob 409 uniqueness Taken."]));
    }

    [Test]
    public async Task Refusals_of_unknown_callers_are_counted_and_leave_no_event()
    {
        var seen = new ConcurrentQueue<(object? Status, object? Event)>();
        using var listener = new MeterListener();
        var factory = server.Services.GetRequiredService<IMeterFactory>();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Scope == factory && instrument.Name == "scim.refusals")
                self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) => seen.Enqueue((tags[0].Value, tags[2].Value)));
        listener.Start();
        var account = new TestAccount();

        var forged = TestAuthServer.NewKey("unknown");
        await Ask(null);
        await Ask("Bearer not.a.token");
        await Ask("Bearer " + server.AuthServer.IssueToken(() => account.Answer(), jwt =>
        {
            TestAuthServer.AddOrigin(jwt, account);
            jwt.SigningCredentials = new(forged, "ES256");
        }));
        await Ask("Bearer " + server.AuthServer.IssueToken(() => new() { Active = false }));
        using var client = server.ClientOf(account);
        await client.Post("Users", "{}");

        Assert.That(seen, Is.EqualTo(new (object?, object?)[]
        {
            (401, false), (401, false), (401, false), (401, false), (400, true),
        }));
        Assert.That(await EventsOf(account), Has.One.Property("Status").EqualTo(400));
    }

    [Test]
    public void While_the_memory_is_full_new_refusals_count_as_repetitions()
    {
        var recent = new RecentRefusals(time);
        for (var i = 0; i < RecentRefusals.MaxRemembered; i++)
            Assert.That(recent.IsNew($"{i}"), Is.True);
        Assert.That(recent.IsNew("one more"), Is.False);
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.That(recent.IsNew("one more"), Is.True);
        Assert.That(recent.IsNew("one more"), Is.False);
    }

    private async Task Ask(string? authorization)
    {
        using var client = server.ClientWith(authorization);
        Assert.That((await client.Get("/scim/v2/Users")).Status, Is.EqualTo(HttpStatusCode.Unauthorized));
    }

    private async Task<List<ProvisioningEvent>> EventsOf(TestAccount account)
    {
        await using var scope = server.Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<ScimDbContext>().EventsOf(account.Id).AsNoTracking()
            .OrderBy(e => e.Time).ToListAsync();
    }
}
