using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Scim.Api.Admission;
using Scim.Api.AuthServer;
using Scim.Api.Data;
using Scim.Api.Revocation;
using Shared.Contracts;

namespace Scim.Api.Tests.Admission;

/// <summary>When the authorization server is not asked because of the cache, and when it is asked anyway.</summary>
[Parallelizable]
[Category("AnyDatabase")]
public sealed class VerdictCacheTests
{
    private readonly TestAccount account = new();
    private LeasedServer leased = null!;
    private string token = null!;

    [OneTimeSetUp]
    public async Task Start() => leased = await LeasedServer.Start();

    [OneTimeTearDown]
    public async Task Stop() => await leased.DisposeAsync();

    [SetUp]
    public async Task Begin()
    {
        await leased.RenewLease();
        token = leased.TokenOf(account);
    }

    [Test]
    public async Task Under_a_lease_a_token_is_introspected_once()
    {
        Assert.That(await AskedBy(3), Is.EqualTo(1));
        leased.Time.Advance(TimeSpan.FromSeconds(31));
        Assert.That(await AskedBy(3), Is.EqualTo(1), "thirty seconds later, the token is introspected again");
    }

    [Test]
    public async Task A_paused_node_introspects_every_request_until_it_has_a_lease_again()
    {
        Assert.That(await AskedBy(2), Is.EqualTo(1));
        await leased.Events.HoldAnswers();
        leased.Time.Advance(TimeSpan.FromSeconds(29));
        Assert.That(await AskedBy(1), Is.Zero, "it may be cached for this long");
        leased.Time.Advance(TimeSpan.FromSeconds(29));
        Assert.That(await AskedBy(2), Is.EqualTo(1));
        leased.Time.Advance(TimeSpan.FromSeconds(3));
        Assert.That(await AskedBy(3), Is.EqualTo(3), "the lease has ended; the cached verdict is five seconds old");

        await leased.RenewLease();
        Assert.That(await AskedBy(3), Is.LessThanOrEqualTo(1));
    }

    [Test]
    public async Task A_cached_caller_is_not_checked_against_signature_and_fence()
    {
        var other = new TestAccount();
        token = leased.TokenOf(other);
        var unseen = leased.TokenOf(other);
        Assert.That(await leased.Get(token), Is.EqualTo(HttpStatusCode.OK));

        leased.AuthServer.RemoveKey(leased.AuthServer.Key);
        leased.AuthServer.Key = leased.AuthServer.AddKey();
        await leased.Server.Services.GetRequiredService<SigningKeys>().Refetch(default);
        await using (var scope = leased.Server.Services.CreateAsyncScope())
            await scope.ServiceProvider.GetRequiredService<ScimDbContext>()
                .RaiseFence(other.Id, 9, Fence.NoSet, default);

        Assert.That(await leased.Get(token), Is.EqualTo(HttpStatusCode.OK), "no event was received");
        Assert.That(await leased.Get(unseen), Is.EqualTo(HttpStatusCode.Unauthorized));
    }

    [Test]
    public async Task An_event_of_the_account_invalidates_its_cached_verdicts()
    {
        var mine = new TestAccount();
        var (old, others) = (leased.TokenOf(mine), token);
        Assert.That(await leased.Get(old), Is.EqualTo(HttpStatusCode.OK));
        Assert.That(await leased.Get(others), Is.EqualTo(HttpStatusCode.OK));

        await leased.Replace(mine);

        Assert.That(await leased.Get(old), Is.EqualTo(HttpStatusCode.Unauthorized));
        Assert.That(await AskedBy(1), Is.Zero, "the verdict of another account stays cached");
    }

    [Test]
    public async Task A_change_of_the_accounts_policy_takes_effect_with_its_event()
    {
        var mine = new TestAccount();
        token = leased.TokenOf(mine);
        Assert.That(await leased.Get(token), Is.EqualTo(HttpStatusCode.OK));
        mine.Policy = mine.Policy with { ScimEnabled = false };
        await leased.Events.Send(new() { Account = mine.Id }, SecurityEvents.AccountChange);
        Assert.That(await leased.Get(token), Is.EqualTo(HttpStatusCode.Forbidden));
    }

    [Test]
    public async Task An_event_outdates_a_response_in_flight()
    {
        var mine = new TestAccount();
        token = leased.TokenOf(mine);
        var held = HeldAnswer.About(leased.AuthServer, mine, token);
        var request = leased.Get(token);
        await held.Asked;
        // The event raises no fence, only the minimum generation.
        mine.SetId = Guid.CreateVersion7();
        await leased.Events.Send(new() { Account = mine.Id }, SecurityEvents.SessionRevoked);
        held.Release();
        Assert.That(await request, Is.EqualTo(HttpStatusCode.Unauthorized), "it was introspected again");
    }

    [Test]
    public async Task An_event_for_all_accounts_outdates_a_response_in_flight()
    {
        var mine = new TestAccount();
        token = leased.TokenOf(mine);
        var held = HeldAnswer.About(leased.AuthServer, mine, token);
        var request = leased.Get(token);
        await held.Asked;
        mine.SetId = Guid.CreateVersion7();
        await leased.Events.Send(new(), SecurityEvents.KeyWithdrawn);
        held.Release();
        Assert.That(await request, Is.EqualTo(HttpStatusCode.Unauthorized));
    }

    [Test]
    public async Task Concurrent_requests_share_a_response()
    {
        var query = leased.Server.Services.GetRequiredService<TokenAdmissionQuery>();
        var before = leased.Introspections;
        var held = HeldAnswer.About(leased.AuthServer, account, token);
        // Each has sent a request, or joined one, when it returns.
        var questions = Enumerable.Range(0, 5)
            .Select(_ => query.Run(new BearerToken(token, HasScheme: true), origin: null, default)).ToArray();
        await held.Asked;
        held.Release();
        Assert.That((await Task.WhenAll(questions)).Select(answered => answered.Answer.Active), Is.All.True);
        Assert.That(leased.Introspections - before, Is.EqualTo(1));
    }

    [Test]
    public async Task Concurrent_requests_do_not_share_a_response_without_a_lease()
    {
        var mine = new TestAccount();
        token = leased.TokenOf(mine);
        await leased.LoseLease();
        var held = HeldAnswer.About(leased.AuthServer, mine, token);
        var first = leased.Get(token);
        await held.Asked;
        Assert.That(await leased.Get(token), Is.EqualTo(HttpStatusCode.OK), "its own introspection was answered");
        held.Release();
        Assert.That(await first, Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task A_response_is_cached_until_the_token_expires_counted_from_before_its_request()
    {
        leased.AuthServer.Tell(token, () =>
        {
            leased.Time.Advance(TimeSpan.FromSeconds(8));
            return account.Answer() with { ExpiresIn = 10 };
        });
        Assert.That(await AskedBy(2), Is.EqualTo(1));
        leased.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.That(await AskedBy(1), Is.EqualTo(1));
    }

    [Test]
    public async Task A_refusal_is_cached_for_five_seconds_or_until_an_event()
    {
        var mine = new TestAccount();
        token = leased.TokenOf(mine);
        leased.AuthServer.Tell(token, () => new() { Active = false });
        Assert.That(await AskedBy(3, HttpStatusCode.Unauthorized), Is.EqualTo(1));
        leased.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.That(await AskedBy(1, HttpStatusCode.Unauthorized), Is.EqualTo(1));
        await leased.Events.Send(new() { Account = mine.Id });
        Assert.That(await AskedBy(1, HttpStatusCode.Unauthorized), Is.EqualTo(1));
    }

    [Test]
    public async Task The_refusal_of_a_token_without_an_account_is_not_cached()
    {
        token = leased.AuthServer.IssueToken(() => new() { Active = false });
        Assert.That(await AskedBy(2, HttpStatusCode.Unauthorized), Is.EqualTo(2));
    }

    [Test]
    public async Task A_staged_set_is_refused_with_the_remedy_and_introspected_each_time()
    {
        leased.AuthServer.Tell(token, () => new() { Active = false, Staged = true });
        var refused = await leased.Send("GET", "/scim/v2/probe", token);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(refused.Status, Is.EqualTo(HttpStatusCode.Unauthorized));
            Assert.That(refused.Detail, Does.Contain("not activated yet").And.Contain("under SCIM Credentials"));
            Assert.That(await AskedBy(2, HttpStatusCode.Unauthorized), Is.EqualTo(2));
        }
    }

    [Test]
    public async Task A_cached_caller_has_no_more_rights_than_an_introspected_one()
    {
        account.Method = CredentialMethods.OAuth2;
        try
        {
            token = leased.TokenOf(account);
            Assert.That(await leased.Get(token), Is.EqualTo(HttpStatusCode.OK));
            Assert.That(await leased.WriteInPortal(token), Is.EqualTo(HttpStatusCode.Forbidden));
            using var bare = leased.Server.ClientWith(token);
            Assert.That((await bare.GetAsync("/scim/v2/probe")).StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
            Assert.That(await AskedBy(1), Is.Zero);
        }
        finally
        {
            account.Method = CredentialMethods.DirectJwt;
        }
    }

    [Test]
    public async Task The_cache_does_not_exceed_its_size()
    {
        await using var small = await LeasedServer.Start(["Introspection:CacheSize=1"]);
        var (one, other) = (small.TokenOf(new()), small.TokenOf(new()));
        foreach (var next in new[] { one, one, other, other, one })
            Assert.That(await small.Get(next), Is.EqualTo(HttpStatusCode.OK));
        Assert.That(small.Introspections, Is.EqualTo(3));
    }

    [Test]
    public void A_full_cache_drops_refusals_and_the_oldest_first()
    {
        const int Size = 80;
        var time = new FakeTimeProvider();
        var lease = new Lease(time);
        lease.Renew(time.GetTimestamp(), TimeSpan.FromHours(1));
        var clock = new EventClock(lease, time);
        var cache = new VerdictCache(
            clock, Options.Create(new IntrospectionOptions { CacheSize = Size }), time);
        var refused = Enumerable.Range(0, 20).Select(i => $"refused {i}").ToList();
        var admitted = Enumerable.Range(0, 200).Select(i => $"admitted {i}").ToList();
        for (var i = 0; i < admitted.Count; i++)
        {
            time.Advance(TimeSpan.FromMilliseconds(10));
            Keep(admitted[i], Caller.Of(account.Answer(), clock.Read()));
            if (i < refused.Count)
                Keep(refused[i], null);
            var kept = admitted.Take(i + 1).Where(IsKept).ToList();
            Assert.That(kept, Is.EqualTo(admitted.Take(i + 1).TakeLast(kept.Count)), "the youngest");
            Assert.That(kept, Has.Count.InRange(Math.Min(i + 1, Size - (Size / 8)), Size));
        }
        Assert.That(refused.Where(IsKept), Is.Empty);

        bool IsKept(string name) => cache.Find(TokenHash.Of(name)!.Value) is not null;
        void Keep(string name, Caller? caller) => cache.Add(
            TokenHash.Of(name)!.Value,
            new(clock.Read(), caller, TokenErrors.NoLongerActive(), new(account.Id, account.SetId, IsTest: false)),
            expiresIn: null);
    }

    /// <summary>How many introspections a number of requests cost.</summary>
    private async Task<int> AskedBy(int requests, HttpStatusCode expected = HttpStatusCode.OK)
    {
        var before = leased.Introspections;
        for (var i = 0; i < requests; i++)
            Assert.That(await leased.Get(token), Is.EqualTo(expected));
        return leased.Introspections - before;
    }
}
