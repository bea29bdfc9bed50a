using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Scim.Api.Admission;
using Scim.Api.Protocol.Messages;
using Scim.Api.Provisioning;

namespace Scim.Api.Tests.Provisioning;

/// <summary>How many requests an account may send. At one per second, a test is faster than its bucket fills.</summary>
[Parallelizable]
[Category("AnyDatabase")]
internal sealed class RateLimitTests
{
    private ScimServer server = null!;

    [OneTimeSetUp]
    public async Task Start() => server = await ScimServer.Start();

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [Test]
    public async Task Above_the_limit_is_429_with_whole_seconds_to_wait()
    {
        var account = Account(limit: 1);
        using var client = server.ClientOf(account);
        Assert.That((await client.Get("Users")).Status, Is.EqualTo(HttpStatusCode.OK));
        var refused = await Exhausted(account, client, "GET", "Users");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(refused.Status, Is.EqualTo(HttpStatusCode.TooManyRequests), refused.ToString());
            Assert.That(refused.Message.Content.Headers.ContentType?.MediaType, Is.EqualTo("application/scim+json"));
            Assert.That((string?)refused["status"], Is.EqualTo("429"));
            Assert.That(refused.Detail, Does.Contain("1 requests per second"));
            Assert.That(refused.Message.Headers.GetValues("Retry-After"), Is.EqualTo(new[] { "1" }));
        }
    }

    [TestCase("suspended")]
    [TestCase("disabled")]
    [TestCase("scope")]
    public async Task Callers_without_access_are_limited_too(string reason)
    {
        var account = Account(limit: 1);
        account.Policy = account.Policy with { Suspended = reason == "suspended", ScimEnabled = reason != "disabled" };
        using var client = server.ClientWith(
            "Bearer "
                + server.AuthServer.IssueToken(account, reason == "scope" ? "other" : Shared.Contracts.Scopes.Scim));
        Assert.That((await client.Get("/scim/v2/Users")).Status, Is.EqualTo(HttpStatusCode.Forbidden));
        foreach (var path in (string[])["/scim/v2/Users", "/scim/v2/Schemas"])
        {
            var refused = await Exhausted(account, client, "GET", path);
            Assert.That(refused.Status, Is.EqualTo(HttpStatusCode.TooManyRequests), refused.ToString());
        }
    }

    [Test]
    public async Task A_network_that_floods_discovery_without_a_token_slows_only_itself()
    {
        await using var own = await ScimServer.Start();
        using var nobody = own.ClientWith(null);
        using var client = own.ClientOf(new TestAccount());
        var answers = new List<Answer>();
        while (answers.Count < 10_000 && !answers.Exists(answer => answer.Status != HttpStatusCode.OK))
            answers.Add(await nobody.Get("/scim/v2/ServiceProviderConfig"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(answers, Has.Count.GreaterThanOrEqualTo(RateLimit.AnonymousBurst));
            Assert.That(answers[^1].Status, Is.EqualTo(HttpStatusCode.TooManyRequests));
            Assert.That(answers[^1].Message.Headers.GetValues("Retry-After"), Is.EqualTo(new[] { "1" }));
            Assert.That((await client.Get("ServiceProviderConfig")).Status, Is.EqualTo(HttpStatusCode.OK));
        }
    }

    [TestCase("192.0.2.1", "192.0.2.1", true)]
    [TestCase("192.0.2.1", "::ffff:192.0.2.1", true)]
    [TestCase("192.0.2.1", "192.0.2.2", false)]
    [TestCase("2001:db8::1", "2001:db8::ffff:1", true)]
    [TestCase("2001:db8::1", "2001:db8:0:1::1", false)]
    public void Anonymous_callers_share_the_bucket_of_their_network(string one, string other, bool shared)
    {
        using var limit = new RateLimit();
        for (var i = 0; i < RateLimit.AnonymousBurst; i++)
            limit.TakeAnonymous(IPAddress.Parse(one));
        Assert.That(
            () =>
            {
                for (var i = 0; i < RateLimit.AnonymousBurst; i++)
                    limit.TakeAnonymous(IPAddress.Parse(other));
            },
            shared ? Throws.TypeOf<ScimException>() : Throws.Nothing);
    }

    [Test]
    public async Task The_body_of_a_refused_request_is_not_read()
    {
        var account = Account(limit: 1);
        using var client = server.ClientOf(account);
        Assert.That(
            (await Exhausted(account, client, "POST", "Users")).Status, Is.EqualTo(HttpStatusCode.TooManyRequests));
    }

    [Test]
    public async Task An_inactive_token_is_401_even_above_the_limit()
    {
        var account = Account(limit: 1);
        using var client = server.ClientOf(account);
        await Exhausted(account, client, "GET", "Users");
        account.SetId = Guid.CreateVersion7();
        Assert.That((await client.Get("Users")).Status, Is.EqualTo(HttpStatusCode.Unauthorized));
    }

    [Test]
    public async Task Neither_another_account_nor_the_portal_is_limited()
    {
        var account = Account(limit: 1);
        using var client = server.ClientOf(account);
        using var other = server.ClientOf(Account(limit: 1));
        using var portal = server.PortalOf(account);
        Assert.That(
            (await Exhausted(account, client, "GET", "Users")).Status, Is.EqualTo(HttpStatusCode.TooManyRequests));
        using (Assert.EnterMultipleScope())
        {
            Assert.That((await other.Get("Users")).Status, Is.EqualTo(HttpStatusCode.OK));
            Assert.That((await portal.Get("users")).Status, Is.EqualTo(HttpStatusCode.OK));
        }
    }

    [TestCase(2)]
    [TestCase(null)]
    public async Task A_new_limit_applies_from_the_next_request(int? limit)
    {
        var account = Account(limit: 1);
        using var client = server.ClientOf(account);
        Assert.That(
            (await Exhausted(account, client, "GET", "Users")).Status, Is.EqualTo(HttpStatusCode.TooManyRequests));
        account.Policy = account.Policy with { RateLimit = limit };
        Assert.That((await client.Get("Users")).Status, Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public void Several_requests_are_counted_together_or_not_at_all()
    {
        using var limit = new RateLimit();
        var caller = Caller.Of(Account(limit: 1).Answer(), default);
        limit.Take(caller, 600);
        var refused = Assert.Throws<ScimException>(() => limit.Take(caller, 600))!.Error;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(refused.RetryAfter, Is.InRange(100, 200), "until the bucket holds 600 again");
            Assert.That(() => limit.Take(caller, 400), Throws.Nothing);
        }
    }

    [Test]
    public void After_a_burst_the_rate_applies()
    {
        using var limit = new RateLimit();
        var caller = Caller.Of(Account(limit: 25).Answer(), default);
        var clock = Stopwatch.StartNew();
        limit.Take(caller, RateLimit.Burst);
        for (var taken = 0; taken < 25;)
        {
            try
            {
                limit.Take(caller, 1);
                taken++;
            }
            catch (ScimException)
            {
                Assert.That(clock.Elapsed, Is.LessThan(TimeSpan.FromMinutes(1)), $"{taken} were taken");
            }
        }
        Assert.That(clock.Elapsed, Is.GreaterThan(TimeSpan.FromSeconds(0.9)));
    }

    /// <summary>The response when the account's bucket is empty.</summary>
    private async Task<Answer> Exhausted(TestAccount account, HttpClient client, string method, string path)
    {
        var limit = server.Services.GetRequiredService<RateLimit>();
        var body = method == "GET" ? null : "{";
        Answer answer;
        var attempts = 0;
        do
        {
            Empty(limit, Caller.Of(account.Answer(), default));
            answer = await client.Send(method, path, body);
        }
        while (answer.Status != HttpStatusCode.TooManyRequests && ++attempts < 10);
        return answer;
    }

    private static void Empty(RateLimit limit, Caller caller)
    {
        for (var requests = RateLimit.Burst; requests > 0;)
        {
            try
            {
                limit.Take(caller, requests);
            }
            catch (ScimException)
            {
                requests /= 2;
            }
        }
    }

    private static TestAccount Account(int limit)
    {
        var account = new TestAccount();
        account.Policy = account.Policy with { RateLimit = limit };
        return account;
    }
}
