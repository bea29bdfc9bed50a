using System.Net;
using System.Net.Http.Json;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Scim.Api.Data;
using Scim.Api.Provisioning;
using Shared.Contracts;

namespace Scim.Api.Tests.Provisioning;

/// <summary>The provisioning log as the portal reads it.</summary>
[Parallelizable]
[Category("Slow")]
internal sealed class ProvisioningLogApiTests
{
    private ScimServer server = null!;

    [OneTimeSetUp]
    public async Task Start() => server = await ScimServer.Start();

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [Test]
    public async Task The_log_says_why_Jane_was_not_provisioned()
    {
        var account = new TestAccount();
        account.Policy = account.Policy with { Domains = ["example.com"] };
        using var client = server.ClientOf(account);
        var refused = await client.Post("Users", Requests.NewUser("Jane@other.org", ""","active":"True" """));
        using var portal = server.PortalOf(account);
        var page = (await portal.GetFromJsonAsync<PortalEvents>("events?search=jane"))!;
        var found = page.Events.Single();
        Assert.That(found, Is.EqualTo(new PortalEvent
        {
            Id = found.Id,
            Time = found.Time,
            CredentialSet = account.SetId,
            Operation = ProvisioningOperations.Create,
            UserName = "Jane@other.org",
            Outcome = ProvisioningOutcomes.Refused,
            Status = 400,
            ScimType = "invalidValue",
            Cause = RefusalCauses.Domain,
            Reason = refused.Detail,
            Changed = found.Changed,
            Habits = found.Habits,
            RequestId = found.RequestId,
        }));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(page.Next, Is.Null);
            Assert.That(found.Reason, Does.Contain("other.org, which is not allowed"));
            Assert.That(found.Habits, Is.EqualTo([Scim.Api.Protocol.ClientQuirk.StringBoolean]));
            Assert.That(found.Changed, Is.Empty);
            Assert.That(found.Time.Kind, Is.EqualTo(DateTimeKind.Utc));
            Assert.That(DateTime.UtcNow - found.Time, Is.LessThan(TimeSpan.FromMinutes(5)));
        }
    }

    [Test]
    public async Task A_userName_that_events_truncate_is_found()
    {
        var account = new TestAccount();
        using var client = server.ClientOf(account);
        var userName = new string('x', 300) + "@example.com";
        var refused = await client.Post("Users", Requests.NewUser(userName));
        using var portal = server.PortalOf(account);
        var page = (await portal.GetFromJsonAsync<PortalEvents>("events?userName=" + userName))!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(refused.Status, Is.EqualTo(HttpStatusCode.BadRequest));
            Assert.That(page.Events, Has.Count.EqualTo(1));
        }
    }

    [TestCase("", "delete Bob, update Bob, refuse Ann, create Bob, create Ann")]
    [TestCase("outcome=created", "create Bob, create Ann")]
    [TestCase("outcome=refused", "refuse Ann")]
    [TestCase("search=bob", "delete Bob, update Bob, create Bob")]
    [TestCase("search=BOB example", "delete Bob, update Bob, create Bob")]
    [TestCase("search=bob ann", "")]
    [TestCase("search=seat", "refuse Ann")]
    [TestCase("search=%25", "")]
    [TestCase("search=request-2", "refuse Ann")]
    [TestCase("search=bob&outcome=created", "create Bob")]
    [TestCase("userName=ANN@example.com", "refuse Ann, create Ann", Description = "Not only the refused request.")]
    [TestCase("userName=ann@example.com&outcome=refused", "refuse Ann")]
    [TestCase("search=429", "refuse Ann", Description = "Not user429@example.com.")]
    [TestCase("status=429", "refuse Ann")]
    [TestCase("status=200&outcome=created", "create Bob, create Ann")]
    [TestCase("search=429&status=200", "", Description = "Both a word and a status.")]
    [TestCase("operation=delete", "")]
    [TestCase("set=0193f3b0-0000-7000-8000-000000000000", "")]
    [TestCase("from=2000-01-01&to=9999-12-31", "delete Bob, update Bob, refuse Ann, create Bob, create Ann")]
    [TestCase("to=2000-01-01", "")]
    [TestCase("from=9999-12-31", "")]
    [TestCase("user={ann}", "create Ann")]
    [TestCase("user={ann}&userName=ann@example.com", "refuse Ann, create Ann")]
    [TestCase("user={ann}&userName=ann@example.com&outcome=refused", "refuse Ann")]
    [TestCase("user={ann}&userName=ann@example.com&search=seat", "refuse Ann")]
    [TestCase("user={bob}&userName=bob@example.com", "delete Bob, update Bob, create Bob")]
    [TestCase("user=0193f3b0-0000-7000-8000-000000000000", "")]
    public async Task Events_are_found_newest_first(string query, string expected)
    {
        var account = new TestAccount();
        var (ann, bob) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await Save(
            account,
            ("create Ann", ann, "Ann@example.com", ProvisioningOutcomes.Created, null),
            ("create Bob", bob, "bob@example.com", ProvisioningOutcomes.Created, null),
            ("refuse Ann", null, "ann@example.com", ProvisioningOutcomes.Refused, "No seat."),
            ("update Bob", bob, "bob@example.com", ProvisioningOutcomes.Updated, null),
            ("delete Bob", bob, "bob@example.com", ProvisioningOutcomes.Deleted, null));
        using var portal = server.PortalOf(account);
        query = query.Replace("{ann}", $"{ann}", StringComparison.Ordinal)
            .Replace("{bob}", $"{bob}", StringComparison.Ordinal);
        var page = (await portal.GetFromJsonAsync<PortalEvents>($"events?{query}"))!;
        Assert.That(string.Join(", ", page.Events.Select(e => e.Operation)), Is.EqualTo(expected));
    }

    [TestCase("")]
    [TestCase("search=example&")]
    [TestCase("outcome=created&")]
    [TestCase("user={0}&userName=u@example.com&")]
    public async Task Pages_lead_from_the_newest_to_the_oldest(string query)
    {
        var account = new TestAccount();
        var user = Guid.CreateVersion7();
        await Save(account, [.. Enumerable.Range(0, 120).Select(i =>
            ($"{i}", i % 2 == 0 ? user : (Guid?)null, "u@example.com", ProvisioningOutcomes.Created, (string?)null))]);
        using var portal = server.PortalOf(account);
        query = query.Replace("{0}", $"{user}", StringComparison.Ordinal);
        var seen = new List<int>();
        var sizes = new List<int>();
        for (Guid? next = Guid.Empty; next is not null;)
        {
            var page = (await portal.GetFromJsonAsync<PortalEvents>(
                $"events?{query}" + (next == Guid.Empty ? "" : $"before={next}")))!;
            seen.AddRange(page.Events.Select(e => int.Parse(e.Operation)));
            sizes.Add(page.Events.Count);
            next = page.Next;
        }
        Assert.That(seen, Is.EqualTo(Enumerable.Range(0, 120).Reverse()));
        Assert.That(sizes, Is.EqualTo([50, 50, 20]));
    }

    [Test]
    public async Task Newer_events_than_one_are_found_for_live_updates()
    {
        var account = new TestAccount();
        using var portal = server.PortalOf(account);
        await Save(account, [.. Enumerable.Range(0, 3).Select(i =>
            ($"{i}", (Guid?)null, "user429@example.com", ProvisioningOutcomes.Created, (string?)null))]);
        var all = (await portal.GetFromJsonAsync<PortalEvents>("events"))!.Events;
        var newer = (await portal.GetFromJsonAsync<PortalEvents>($"events?after={all[1].Id}"))!.Events;
        Assert.That(newer.Select(e => e.Operation), Is.EqualTo(["2"]));
        Assert.That((await portal.GetFromJsonAsync<PortalEvents>($"events?after={all[0].Id}"))!.Events, Is.Empty);
        Assert.That((await portal.GetFromJsonAsync<PortalEvents>("events?search=429"))!.Events, Is.Empty);
        Assert.That((await portal.GetFromJsonAsync<PortalEvents>("events?search=user429"))!.Events, Has.Count.EqualTo(3));
    }

    [TestCase("outcome=nonsense", "outcome must be one of created, ")]
    [TestCase("before=x", "before must be an id")]
    [TestCase("user=ann", "user must be an id")]
    [TestCase("after=x", "after must be an id")]
    [TestCase("set=x", "set must be an id")]
    [TestCase("operation=nonsense", "operation must be one of create, ")]
    [TestCase("status=many", "status must be a number")]
    [TestCase("from=yesterday", "from must be a day such as 2026-11-24")]
    public async Task An_invalid_query_is_refused(string query, string detail)
    {
        using var portal = server.PortalOf(new TestAccount());
        var answer = await portal.Get($"events?{query}");
        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That(answer.Detail, Does.StartWith(detail));
    }

    [Test]
    public async Task Each_account_reads_its_own_events()
    {
        var account = new TestAccount();
        await Save(account, ("create", null, "ann@example.com", ProvisioningOutcomes.Created, null));
        using var portal = server.PortalOf(new TestAccount());
        Assert.That((await portal.GetFromJsonAsync<PortalEvents>("events"))!.Events, Is.Empty);
        Assert.That((await portal.GetFromJsonAsync<PortalEvents>("events?userName=ann@example.com"))!.Events, Is.Empty);
        Assert.That((await portal.GetStringAsync("events.csv")).Split("\r\n"), Has.Length.EqualTo(2));
    }

    [TestCase("events")]
    [TestCase("events.csv")]
    public async Task Only_the_portals_tokens_may_read_the_log(string path)
    {
        using var identityProvider = server.ClientOf(new TestAccount());
        using var nobody = server.ClientWith(null);
        Assert.That(
            (await identityProvider.GetAsync($"/portal/{path}")).StatusCode, Is.EqualTo(HttpStatusCode.Forbidden));
        Assert.That((await nobody.GetAsync($"/portal/{path}")).StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
    }

    [Test]
    public async Task The_file_has_all_events_in_UTF8_and_no_formulas()
    {
        var account = new TestAccount();
        var fillers = Enumerable.Range(0, 1100).Select(i =>
            ("create", (Guid?)null, "filler@example.com", ProvisioningOutcomes.Created, (string?)null));
        await Save(account, [
            .. fillers,
            ("create", null, "=HYPERLINK(\"http://evil\")", ProvisioningOutcomes.Refused, "+1 \"é\", and\r\nmore"),
            ("create", null, "@SUM(A1)", ProvisioningOutcomes.Refused, "-2"),
            ("create", null, "＝1", ProvisioningOutcomes.Refused, "\t=1"),
        ]);
        using var portal = server.PortalOf(account);
        using var response = await portal.GetAsync("events.csv?search=");
        var bytes = await response.Content.ReadAsByteArrayAsync();
        var lines = Encoding.UTF8.GetString(bytes[3..]).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(response.Content.Headers.ContentType?.ToString(), Is.EqualTo("text/csv; charset=utf-8"));
            Assert.That(response.Content.Headers.ContentDisposition?.FileName, Is.EqualTo("provisioning-log.csv"));
            Assert.That(bytes[..3], Is.EqualTo(Encoding.UTF8.Preamble.ToArray()));
            Assert.That(lines, Has.Length.EqualTo(1 + 1103 + 1), "one reason has a line break");
            Assert.That(
                lines[0], Does.StartWith("time,outcome,operation,status,scimType,reason,userName,userId,changed").And.EndsWith("repeats"));
            Assert.That(lines[1], Does.Contain(",create,429,,\"'\t=1\",\"'＝1\","));
            Assert.That(lines[2], Does.Contain(",\"'-2\",\"'@SUM(A1)\","));
            Assert.That(lines[3], Does.EndWith(",\"'+1 \"\"é\"\", and"));
            Assert.That(lines[4], Does.StartWith("more\",\"'=HYPERLINK(\"\"http://evil\"\")\","));
        }
    }

    [Test]
    public async Task The_file_contains_the_results_of_the_search()
    {
        var account = new TestAccount();
        await Save(
            account,
            ("create", null, "ann@example.com", ProvisioningOutcomes.Created, null),
            ("create", null, "bob@example.com", ProvisioningOutcomes.Created, null));
        using var portal = server.PortalOf(account);
        var file = await portal.GetStringAsync("events.csv?search=bob");
        Assert.That(file, Does.Contain("bob@example.com").And.Not.Contain("ann@example.com"));
    }

    [Test]
    public async Task Reading_the_log_keeps_no_event_in_memory()
    {
        var account = new TestAccount();
        await Save(account, ("create", null, "ann@example.com", ProvisioningOutcomes.Created, null));
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        var budget = server.Services.GetRequiredService<SearchBudget>();
        foreach (var search in (string?[])[null, "ann"])
        {
            var query = new EventQuery().Searching(search);
            var (events, _) = await query.Read(db, budget, account.Id, 500, default);
            Assert.That(events, Has.Count.EqualTo(1));
        }
        Assert.That(db.ChangeTracker.Entries(), Is.Empty);
    }

    [Test]
    public async Task An_aborted_file_does_not_look_complete_and_holds_no_connection()
    {
        await using var own = await ScimServer.Start();
        var account = new TestAccount();
        var reason = new string('x', ProvisioningEvent.MaxReason);
        await Save(own, account, [.. Enumerable.Range(0, 12_000).Select(i =>
            ("create", (Guid?)null, "ann@example.com", ProvisioningOutcomes.Refused, (string?)reason))]);
        using var slow = await SlowReader.Begin(own, own.AuthServer.IssuePortalToken(account), "/portal/events.csv");
        await using (var scope = own.Services.CreateAsyncScope())
            await scope.ServiceProvider.GetRequiredService<ScimDbContext>().Database
                .ExecuteSqlAsync($"""ALTER TABLE "ProvisioningEvents" RENAME TO "Elsewhere" """);
        Assert.That(slow.ReadToEnd, Throws.Exception);
    }

    private Task Save(
        TestAccount account,
        params (string Operation, Guid? UserId, string UserName, string Outcome, string? Reason)[] events) =>
        Save(server, account, events);

    /// <summary>
    /// Saves events, one per second; the first text is the operation, which identifies the event.
    /// </summary>
    private static async Task Save(
        ScimServer server,
        TestAccount account,
        (string Operation, Guid? UserId, string UserName, string Outcome, string? Reason)[] events)
    {
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        var start = DateTime.UtcNow.AddHours(-1);
        db.AddRange(events.Select((e, i) => new ProvisioningEvent
        {
            AccountId = account.Id,
            Id = Guid.CreateVersion7(start.AddSeconds(i)),
            Time = start.AddSeconds(i),
            Operation = e.Operation,
            UserId = e.UserId,
            UserName = e.UserName,
            UserNameKey = CaseFolding.Fold(e.UserName),
            Outcome = e.Outcome,
            Status = e.Outcome == ProvisioningOutcomes.Refused ? 429 : 200,
            Reason = e.Reason,
            RequestId = $"request-{i}",
            SearchText = CaseFolding.Fold($"{e.UserName}\n{e.Reason}\nrequest-{i}"),
        }));
        await db.SaveChangesAsync();
    }
}
