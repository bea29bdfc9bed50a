using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;
using Scim.Api.Data;
using Scim.Api.Provisioning;
using Scim.Api.Users;
using Shared.Contracts;
using Shared.Hosting.Data;

namespace Scim.Api.Tests.Provisioning;

/// <summary>Many events: each query uses an index, a search is limited, and old events are deleted.</summary>
internal sealed class EventStorageTests
{
    private const int Many = EventQuery.MaxSearchedEvents;

    private readonly FakeTimeProvider time = new(DateTimeOffset.UtcNow);
    private readonly Guid account = Guid.CreateVersion7();
    private readonly Guid user = Guid.CreateVersion7();
    private ScimServer server = null!;

    // The day after the first event, whenever a test advances the clock.
    private DateTime seeded;

    [OneTimeSetUp]
    public async Task Start()
    {
        seeded = time.GetUtcNow().UtcDateTime;
        server = await ScimServer.Start(time: time);
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        var start = seeded.AddDays(-1);
        db.ChangeTracker.AutoDetectChangesEnabled = false;
        db.AddRange(Enumerable.Range(0, Many + 1).Select(i => Event(account, start.AddSeconds(i)) with
        {
            UserId = i % 2 == 0 ? null : i == 1 ? user : Guid.CreateVersion7(),
            UserNameKey = $"u{i % 5000}@example.com",
            Outcome = ProvisioningOutcomes.All[i % ProvisioningOutcomes.All.Count],
            SearchText = i == 0 ? "needle" : "hay",
        }));
        await db.SaveChangesAsync();
        // PostgreSQL does so by itself eventually; SQLite does not.
        if (db.Database.IsNpgsql())
            await db.Database.ExecuteSqlAsync($"ANALYZE");
    }

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [TestCase("", "PK_ProvisioningEvents")]
    [TestCase("before", "PK_ProvisioningEvents")]
    [TestCase("search", "PK_ProvisioningEvents")]
    [TestCase("outcome", "AccountId_Outcome_Id")]
    [TestCase("outcome search before", "AccountId_Outcome_Id")]
    [TestCase("user", "AccountId_UserId_Id")]
    [TestCase("user before", "AccountId_UserId_Id")]
    [TestCase("name", "AccountId_UserNameKey_Id")]
    [TestCase("name known", "AccountId_UserId_Id", "AccountId_UserNameKey_Id")]
    [TestCase("after", "PK_ProvisioningEvents")]
    [TestCase("days", "PK_ProvisioningEvents")]
    [TestCase("search status", "PK_ProvisioningEvents")]
    [TestCase("user name", "AccountId_UserId_Id", "AccountId_UserNameKey_Id")]
    [TestCase("user name outcome search before", "AccountId_UserId_Id", "AccountId_UserNameKey_Id")]
    public async Task An_index_finds(string asked, params string[] indexes)
    {
        bool Asks(string word) => asked.Split(' ').Contains(word);
        var query = new EventQuery
        {
            UserId = Asks("user") ? user : null,
            UserName = Asks("name") ? "u2@example.com" : null,
            Outcome = Asks("outcome") ? ProvisioningOutcomes.Refused : null,
            Status = Asks("status") ? 429 : null,
            Before = Asks("before") ? Guid.CreateVersion7() : null,
            After = Asks("after") ? Guid.CreateVersion7() : null,
            From = Asks("days") ? new(2026, 1, 1) : null,
            To = Asks("days") ? new(2026, 2, 1) : null,
        }.Searching(Asks("search") ? "needle" : null);
        var known = Asks("user") || Asks("known") ? user : (Guid?)null;
        var plan = await Plan(db => query.Page(db.EventsOf(account), 51, known));
        var lookups = plan.Where(step => step.Contains("USING INDEX", StringComparison.Ordinal)
            || step.Contains("USING PRIMARY KEY", StringComparison.Ordinal)
            || step.Contains("Index Scan", StringComparison.Ordinal)).ToList();
        Assert.That(lookups, Has.Count.EqualTo(indexes.Length), string.Join('\n', plan));
        foreach (var index in indexes)
            Assert.That(lookups, Has.One.Matches<string>(step => IsBy(index, step)), string.Join('\n', plan));
        // The result of another step (a co-routine) is not a table.
        var tables = plan.Where(step => !plan.Contains(step.Replace("SCAN ", "CO-ROUTINE ", StringComparison.Ordinal)));
        Assert.That(tables, Has.None.Contains("Seq Scan").And.None.StartsWith("SCAN"), string.Join('\n', plan));
        // A search reads a limited number of events, which may be sorted.
        if (indexes.Length == 1 && !Asks("search"))
            Assert.That(plan, Has.None.Contains("TEMP B-TREE").And.None.Contains("Sort"), string.Join('\n', plan));
    }

    [Test]
    public async Task An_index_finds_old_events()
    {
        List<string> plan =
        [
            .. await Plan(db => db.EventsBefore(account, Guid.CreateVersion7(time.GetUtcNow().AddDays(-2))).Take(500)),
            .. await Plan(db => db.AccountsWithEvents(Guid.Empty).Take(1)),
        ];
        Assert.That(plan.Count(step => IsBy("PK_", step) || IsBy("IX_", step)), Is.EqualTo(2), string.Join('\n', plan));
        Assert.That(plan, Has.None.Contains("Seq Scan").And.None.StartsWith("SCAN"), string.Join('\n', plan));
        Assert.That(plan, Has.None.Contains("TEMP B-TREE").And.None.Contains("Sort"), string.Join('\n', plan));
    }

    [Test]
    public async Task An_index_counts_the_days_of_the_overview()
    {
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        var explain = db.Database.IsNpgsql() ? "EXPLAIN " : "EXPLAIN QUERY PLAN ";
        var plan = await SqlBatch.Read(
            db,
            batch => RecentActivity.AddCountDays(batch, account, new(2026, 2, 1), explain),
            results => results.All(row => row.GetString(db.Database.IsNpgsql() ? 0 : 3)),
            default);
        var reads = plan.Where(step => step.Contains("ProvisioningEvents", StringComparison.Ordinal)).ToList();
        Assert.That(reads, Has.Count.GreaterThanOrEqualTo(3 * RecentActivity.Days), string.Join('\n', plan));
        Assert.That(reads, Has.None.Contains("Seq Scan").And.None.StartsWith("SCAN"), string.Join('\n', plan));
        Assert.That(
            reads.Where(step => step.StartsWith("SEARCH", StringComparison.Ordinal)),
            Has.All.Contains("Id>? AND Id<?"));
    }

    [Test]
    public async Task An_index_finds_what_else_the_overview_counts()
    {
        var plan = await Plan(db => db.RefusalsSince(account, seeded.AddDays(-1)).Take(1001));
        Assert.That(plan, Has.Some.Contains("AccountId_Outcome_Id"), string.Join('\n', plan));
        plan.AddRange(await Plan(db => db.NewestOfProviders(account)));
        Assert.That(plan, Has.Some.Matches<string>(step => IsBy("PK_", step)), string.Join('\n', plan));
        var tables = plan.Where(step => !plan.Contains(step.Replace("SCAN ", "CO-ROUTINE ", StringComparison.Ordinal)));
        Assert.That(tables, Has.None.Contains("Seq Scan").And.None.StartsWith("SCAN"), string.Join('\n', plan));
        Assert.That(plan, Has.None.Contains("TEMP B-TREE").And.None.Contains("Sort"), string.Join('\n', plan));
    }

    [Test]
    public async Task The_overview_reads_a_limited_number_of_events_and_says_so()
    {
        var today = DateOnly.FromDateTime(seeded);
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        var days = await db.CountDays(account, today, default);
        var refused = Many / ProvisioningOutcomes.All.Count;
        // The events may have happened on two days.
        var full = days.Where(day => day.HasMore).ToList();
        var (refusals, hasMore) = await db.CountRefusals(account, seeded.AddHours(-1), default);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(full, Is.Not.Empty);
            Assert.That(full, Has.All.Property("Changes").LessThan(RecentActivity.MaxEvents));
            Assert.That(days.Sum(day => day.Refusals), Is.EqualTo(refused).Within(1));
            Assert.That(hasMore, Is.True);
            Assert.That(refusals.Sum(cause => cause.Count), Is.EqualTo(RecentActivity.MaxRefusals));
            Assert.That(
                await db.CountPeopleChanged(account, today.AddDays(-1), default),
                Is.LessThanOrEqualTo(RecentActivity.MaxEvents).And.GreaterThan(RecentActivity.MaxEvents / 3));
        }
    }

    [Test]
    public async Task A_page_of_a_search_reads_a_limited_number_of_events_and_says_where_to_continue()
    {
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        var query = new EventQuery().Searching("NEEDLE");
        var budget = server.Services.GetRequiredService<SearchBudget>();
        var (first, next) = await query.Read(db, budget, account, 50, default);
        var (second, end) = await (query with { Before = next }).Read(db, budget, account, 50, default);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(first, Is.Empty);
            Assert.That(next, Is.Not.Null);
            Assert.That(second.Select(e => e.SearchText), Is.EqualTo(["needle"]));
            Assert.That(end, Is.Null);
        }
    }

    [Test]
    public async Task Old_events_are_deleted_and_others_stay()
    {
        var (one, other) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var now = time.GetUtcNow().UtcDateTime;
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        foreach (var old in Enumerable.Range(0, EventPruning.BatchSize + 20))
            db.Add(Event(one, now.AddDays(-401).AddSeconds(old)));
        db.AddRange(Event(one, now.AddDays(-399)), Event(other, now.AddDays(-500)), Event(other, now));
        await db.SaveChangesAsync();
        var pruning = server.Services.GetServices<IHostedService>().OfType<EventPruning>().Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(await pruning.PruneAll(default), Is.EqualTo(EventPruning.BatchSize + 21));
            Assert.That(await pruning.PruneAll(default), Is.Zero);
            Assert.That(await db.EventsOf(one).CountAsync(), Is.EqualTo(1));
            Assert.That(await db.EventsOf(other).CountAsync(), Is.EqualTo(1));
            Assert.That(await db.EventsOf(account).CountAsync(), Is.EqualTo(Many + 1));
        }
    }

    [Test]
    public async Task An_erased_users_data_is_removed_from_events_and_ids_stay()
    {
        var customer = new TestAccount();
        using var client = server.ClientOf(customer);
        await client.Post("Users", """{"userName":"Gone@example.com"}""");
        var id = (await client.CreateUser("gone@example.com")).Id();
        await client.CreateUser("ann@example.com");
        await client.Put($"Users/{id}", """{"userName":"gone"}""");
        await client.Delete($"Users/{id}");
        time.Advance(TimeSpan.FromDays(31));
        await client.Post("Users", """{"userName":"gone@example.com"}""");
        await server.Services.GetServices<IHostedService>().OfType<Erasure>().Single().EraseAll(default);

        await using var scope = server.Services.CreateAsyncScope();
        var events = await scope.ServiceProvider.GetRequiredService<ScimDbContext>().EventsOf(customer.Id)
            .OrderBy(e => e.Time).ThenBy(e => e.Outcome).ToListAsync();
        var gone = events.Where(e => e.UserName != "ann@example.com").ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(events, Has.Count.EqualTo(6));
            Assert.That(gone.Select(e => e.UserName), Is.EqualTo([null, null, null, null, "gone@example.com"]));
            Assert.That(gone.Select(e => e.UserNameKey), Is.EqualTo(["", "", "", "", "gone@example.com"]));
            Assert.That(gone[..4], Has.All.Property("Reason").Null.And.Property("SearchText").Empty);
            Assert.That(
                gone.Select(e => e.UserId?.ToString()), Is.EquivalentTo(new[] { null, id, id, id, null }));
        }
    }

    private static ProvisioningEvent Event(Guid account, DateTime at) => new()
    {
        AccountId = account,
        Id = Guid.CreateVersion7(at),
        Time = at,
        Operation = ProvisioningOperations.Create,
        Outcome = ProvisioningOutcomes.Created,
        Status = 201,
    };

    // SQLite calls the index of a primary key sqlite_autoindex_….
    private static bool IsBy(string index, string step) =>
        step.Contains(index, StringComparison.Ordinal)
        || (index.StartsWith("PK_", StringComparison.Ordinal)
            && step.Contains("sqlite_autoindex_ProvisioningEvents_1", StringComparison.Ordinal));

    private async Task<List<string>> Plan(Func<ScimDbContext, IQueryable> query)
    {
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        await db.Database.OpenConnectionAsync();
        await using var command = query(db).CreateDbCommand();
        command.CommandText = (db.Database.IsNpgsql() ? "EXPLAIN " : "EXPLAIN QUERY PLAN ") + command.CommandText;
        await using var reader = await command.ExecuteReaderAsync();
        var steps = new List<string>();
        while (await reader.ReadAsync())
            steps.Add(reader.GetString(db.Database.IsNpgsql() ? 0 : 3));
        return steps;
    }
}
