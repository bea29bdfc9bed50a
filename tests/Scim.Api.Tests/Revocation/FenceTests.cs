using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Scim.Api.Data;
using Scim.Api.Revocation;
using SciLeads.Tests;
using Shared.Contracts;

namespace Scim.Api.Tests.Revocation;

/// <summary>Introspection calls every set active here, and the fence refuses some anyway.</summary>
[Parallelizable]
public sealed class FenceTests
{
    private ScimServer server = null!;

    [OneTimeSetUp]
    public async Task Start() => server = await ScimServer.Start(map: Probe.Map);

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [Test]
    public async Task A_lower_generation_is_refused_although_introspection_says_active()
    {
        var account = new TestAccount();
        var (old, current) = (TokenOf(account, 1), TokenOf(account, 2));
        Assert.That(await Get(old), Is.EqualTo(HttpStatusCode.OK));
        Assert.That(await Get(current), Is.EqualTo(HttpStatusCode.OK));

        using var client = server.ClientWith("Bearer " + old);
        using var response = await client.GetAsync("/scim/v2/probe");
        var error = await SentError.Of(response);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error.Status, Is.EqualTo(HttpStatusCode.Unauthorized));
            Assert.That($"{response.Headers.WwwAuthenticate}", Does.Contain("invalid_token"));
            Assert.That(error.Detail, Does.Contain("no longer active").And.Contain("generate new"));
            Assert.That(server.Logs.AtLeast(LogLevel.Warning), Has.Some.Contain($"{account.Id}"));
        }
    }

    [Test]
    public async Task Another_set_of_the_same_generation_is_refused()
    {
        var account = new TestAccount();
        Assert.That(await Get(TokenOf(account, 7)), Is.EqualTo(HttpStatusCode.OK));
        Assert.That(await Get(TokenOf(account, 7)), Is.EqualTo(HttpStatusCode.Unauthorized));
    }

    [Test]
    public async Task Each_account_has_its_own_fence()
    {
        Assert.That(await Get(TokenOf(new(), 9)), Is.EqualTo(HttpStatusCode.OK));
        Assert.That(await Get(TokenOf(new(), 1)), Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task The_highest_of_many_concurrent_raises_remains()
    {
        var account = new TestAccount();
        var generations = Enumerable.Range(1, 24).OrderBy(_ => Random.Shared.Next()).ToArray();
        await Task.WhenAll(generations.Select(generation => Get(TokenOf(account, generation))));
        Assert.That((await FenceOf(account)).Generation, Is.EqualTo(24));
    }

    [Test]
    public async Task A_write_is_refused_if_the_fence_was_raised_after_its_admission()
    {
        var account = new TestAccount();
        var hold = Probe.HoldWriteOf(account);
        using var old = server.ClientWith("Bearer " + TokenOf(account, 1));
        var write = old.PostAsync("/scim/v2/probe", null);
        await hold.Reached;
        Assert.That(await Get(TokenOf(account, 2)), Is.EqualTo(HttpStatusCode.OK));
        hold.Release();

        using var response = await write;
        Assert.That((await SentError.Of(response)).Detail, Does.Contain("no longer active"));
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
    }

    [Test]
    public async Task A_refused_write_does_not_block_the_next_writer()
    {
        var account = new TestAccount();
        var hold = Probe.HoldWriteOf(account);
        using var old = server.ClientWith("Bearer " + TokenOf(account, 1));
        var refused = old.PostAsync("/scim/v2/probe", null);
        await hold.Reached;
        using var current = server.ClientWith("Bearer " + TokenOf(account, 2));
        Assert.That((await current.PostAsync("/scim/v2/probe", null)).StatusCode, Is.EqualTo(HttpStatusCode.NoContent));
        hold.Release();
        await refused;
        Assert.That((await current.PostAsync("/scim/v2/probe", null)).StatusCode, Is.EqualTo(HttpStatusCode.NoContent));
    }

    [Test]
    public async Task Writers_that_wait_for_the_account_do_not_keep_the_fence_from_being_raised()
    {
        var account = new TestAccount();
        var hold = Probe.HoldCommitOf(account);
        using var old = server.ClientWith("Bearer " + TokenOf(account, 1));
        var first = old.PostAsync("/scim/v2/probe", null);
        await hold.Reached;
        var second = old.PostAsync("/scim/v2/probe", null);
        await WaitForWaiting(transactions: 1);
        if (TestPostgres.IsWanted)
            Assert.That(await TransactionsThatLockFences(), Is.EqualTo(1), "the one that is about to commit");
        var current = Get(TokenOf(account, 2));
        await WaitForWaiting(transactions: 2);
        hold.Release();

        using (Assert.EnterMultipleScope())
        {
            Assert.That((await first).StatusCode, Is.EqualTo(HttpStatusCode.NoContent));
            Assert.That(await current, Is.EqualTo(HttpStatusCode.OK));
            // When the first one commits, either of the other two may be next.
            Assert.That((await second).StatusCode, Is.AnyOf(HttpStatusCode.Unauthorized, HttpStatusCode.NoContent));
        }
    }

    [Test]
    public async Task The_fence_survives_a_restart()
    {
        var account = new TestAccount();
        await using var first = await ScimServer.Start(map: Probe.Map);
        var (old, current) = (TokenOf(account, 1, first), TokenOf(account, 2, first));
        Assert.That(await Get(current, first), Is.EqualTo(HttpStatusCode.OK));
        await first.Stop();

        await using var second = await ScimServer.Start(
            map: Probe.Map, authServer: first.AuthServer, folder: first.Folder);
        Assert.That(await Get(old, second), Is.EqualTo(HttpStatusCode.Unauthorized));
        Assert.That(await Get(current, second), Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task The_fence_does_not_apply_to_the_portal()
    {
        var account = new TestAccount();
        Assert.That(await Get(TokenOf(account, 3)), Is.EqualTo(HttpStatusCode.OK));
        using var portal = server.PortalOf(account);
        Assert.That((await portal.PostAsync("probe", null)).StatusCode, Is.EqualTo(HttpStatusCode.NoContent));
        Assert.That((await FenceOf(account)).Generation, Is.EqualTo(3));
    }

    [Test]
    public async Task While_the_fence_cannot_be_read_the_response_is_503()
    {
        await using var own = await ScimServer.Start(map: Probe.Map);
        var account = new TestAccount();
        var (known, unseen) = (TokenOf(account, 1, own), TokenOf(new(), 1, own));
        Assert.That(await Get(known, own), Is.EqualTo(HttpStatusCode.OK));

        // Not a fault that counts as an outage of the database.
        await Execute(own, "ALTER TABLE \"Fences\" RENAME TO \"Gone\"");
        foreach (var token in new[] { known, unseen })
        {
            foreach (var method in new[] { HttpMethod.Get, HttpMethod.Post })
            {
                using var client = own.ClientWith("Bearer " + token);
                using var response = await client.SendAsync(new(method, "/scim/v2/probe"));
                var error = await SentError.Of(response);
                using (Assert.EnterMultipleScope())
                {
                    Assert.That(error.Status, Is.EqualTo(HttpStatusCode.ServiceUnavailable));
                    Assert.That(response.Headers.RetryAfter?.Delta, Is.Not.Null);
                    Assert.That(error.Detail, Does.Contain("The token is not at fault"));
                }
            }
        }
        await Execute(own, "ALTER TABLE \"Gone\" RENAME TO \"Fences\"");
        Assert.That(await Get(known, own), Is.EqualTo(HttpStatusCode.OK));
    }

    private static async Task Execute(ScimServer server, string sql)
    {
        await using var scope = server.Services.CreateAsyncScope();
#pragma warning disable EF1002 // Text of this file.
        await scope.ServiceProvider.GetRequiredService<ScimDbContext>().Database.ExecuteSqlRawAsync(sql);
#pragma warning restore EF1002
    }

    private string TokenOf(TestAccount account, long generation, ScimServer? of = null)
    {
        TokenIntrospection.CredentialSetReference set = new()
        {
            Id = Guid.CreateVersion7(),
            Generation = generation,
            Method = CredentialMethods.DirectJwt,
        };
        return (of ?? server).AuthServer.IssueToken(() => account.Answer() with { CredentialSet = set });
    }

    private async Task<HttpStatusCode> Get(string token, ScimServer? of = null)
    {
        using var client = (of ?? server).ClientWith("Bearer " + token);
        using var response = await client.GetAsync("/scim/v2/probe");
        return response.StatusCode;
    }

    private async Task<Fence> FenceOf(TestAccount account)
    {
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        return await db.Set<Fence>().SingleAsync(fence => fence.AccountId == account.Id);
    }

    /// <summary>Waits until so many transactions wait for locks of PostgreSQL.</summary>
    private async Task WaitForWaiting(int transactions)
    {
        if (!TestPostgres.IsWanted)
            return;
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        var waiting = db.Database.SqlQuery<int>(
            $"""
            SELECT COUNT(*)::int AS "Value" FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'
            """);
        while (await waiting.SingleAsync() < transactions)
            await Task.Yield();
    }

    private async Task<int> TransactionsThatLockFences()
    {
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        return await db.Database.SqlQuery<int>(
            $"""
            SELECT COUNT(*)::int AS "Value" FROM pg_locks
            WHERE relation = '"Fences"'::regclass AND mode = 'RowShareLock'
            """).SingleAsync();
    }
}
