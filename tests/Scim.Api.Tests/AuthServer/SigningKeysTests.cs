using System.Net;
using Microsoft.Extensions.Time.Testing;
using Shared.Contracts;
using WireMock;
using WireMock.ResponseBuilders;

namespace Scim.Api.Tests.AuthServer;

/// <summary>Which key ids cost a fetch, and what happens if it fails.</summary>
[Parallelizable(ParallelScope.All)]
[Category("Slow")]
[Category("AnyDatabase")]
public sealed class SigningKeysTests
{
    [Test]
    public async Task A_known_key_is_not_fetched_again()
    {
        await using var run = await Run.Start();
        for (var i = 0; i < 3; i++)
            Assert.That(await run.Get(), Is.EqualTo(HttpStatusCode.OK));
        Assert.That(run.Fetches, Is.EqualTo(1));
    }

    [Test]
    public async Task A_new_key_is_fetched_when_it_is_first_used()
    {
        await using var run = await Run.Start();
        Assert.That(await run.Get(), Is.EqualTo(HttpStatusCode.OK));
        run.AuthServer.Key = run.AuthServer.AddKey();
        run.Time.Advance(TimeSpan.FromSeconds(6));
        Assert.That(await run.Get(), Is.EqualTo(HttpStatusCode.OK));
        Assert.That(run.Fetches, Is.EqualTo(2));
    }

    [Test]
    public async Task Unknown_keys_are_refused_and_cost_one_fetch_per_interval()
    {
        await using var run = await Run.Start();
        for (var i = 0; i < 5; i++)
            Assert.That(await run.GetWithUnpublishedKey(), Is.EqualTo(HttpStatusCode.Unauthorized));
        Assert.That(run.Fetches, Is.EqualTo(1));
        run.Time.Advance(TimeSpan.FromSeconds(6));
        Assert.That(await run.GetWithUnpublishedKey(), Is.EqualTo(HttpStatusCode.Unauthorized));
        Assert.That(run.Fetches, Is.EqualTo(2));
    }

    [Test]
    public async Task Many_requests_share_one_fetch()
    {
        await using var run = await Run.Start();
        var statuses = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => run.Get()));
        Assert.That(statuses, Is.All.EqualTo(HttpStatusCode.OK));
        Assert.That(run.Fetches, Is.EqualTo(1));
    }

    [TestCase(500)]
    [TestCase(404)]
    public async Task An_unknown_key_while_the_keys_cannot_be_fetched_is_503_and_recovers(int status)
    {
        await using var run = await Run.Start();
        run.AuthServer.Fail(AuthServerPaths.Keys, Response.Create().WithStatusCode(status));
        Assert.That(await run.Get(), Is.EqualTo(HttpStatusCode.ServiceUnavailable));
        run.AuthServer.Recover();
        Assert.That(await run.Get(), Is.EqualTo(HttpStatusCode.OK));
    }

    [TestCase("{\"keys\":[]}")]
    [TestCase("{\"keys\":[null]}")]
    [TestCase("{\"keys\":null}")]
    [TestCase("{}")]
    [TestCase("<html>")]
    [TestCase("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"a\",\"x\":\"AAAA\",\"y\":\"AAAA\"}]}")]
    [TestCase("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"a\"}]}")]
    [TestCase("{\"keys\":[{\"kty\":\"oct\",\"kid\":\"a\",\"k\":\"AAAA\"}]}")]
    public async Task Malformed_keys_are_503(string body)
    {
        await using var run = await Run.Start();
        run.AuthServer.Fail(
            AuthServerPaths.Keys,
            Response.Create().WithStatusCode(200).WithHeader("Content-Type", "application/json").WithBody(body));
        Assert.That(await run.Get(), Is.EqualTo(HttpStatusCode.ServiceUnavailable));
        run.AuthServer.Recover();
        Assert.That(await run.Get(), Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task A_timeout_while_fetching_keys_is_503()
    {
        await using var run = await Run.Start();
        var (asked, over) = (new TaskCompletionSource(), new TaskCompletionSource());
        run.AuthServer.Fail(AuthServerPaths.Keys, Response.Create().WithCallback(async _ =>
        {
            asked.SetResult();
            await over.Task;
            return new ResponseMessage();
        }));
        var request = run.Get();
        await asked.Task;
        run.Time.Advance(TimeSpan.FromSeconds(20));
        Assert.That(await request, Is.EqualTo(HttpStatusCode.ServiceUnavailable));
        over.SetResult();
    }

    [Test]
    public async Task Known_keys_are_used_while_they_cannot_be_fetched_again()
    {
        await using var run = await Run.Start();
        Assert.That(await run.Get(), Is.EqualTo(HttpStatusCode.OK));
        run.AuthServer.Fail(AuthServerPaths.Keys, Response.Create().WithStatusCode(500));
        run.Time.Advance(TimeSpan.FromHours(2));
        Assert.That(await run.Get(), Is.EqualTo(HttpStatusCode.OK));
        Assert.That(await run.GetWithUnpublishedKey(), Is.EqualTo(HttpStatusCode.ServiceUnavailable));
    }

    [Test]
    public async Task A_withdrawn_key_is_removed_by_the_next_fetch()
    {
        await using var run = await Run.Start();
        var withdrawn = run.AuthServer.IssueToken(new TestAccount());
        Assert.That(await run.Get(withdrawn), Is.EqualTo(HttpStatusCode.OK));
        run.AuthServer.RemoveKey(run.AuthServer.Key);
        run.AuthServer.Key = run.AuthServer.AddKey();
        run.Time.Advance(TimeSpan.FromSeconds(6));
        Assert.That(await run.Get(), Is.EqualTo(HttpStatusCode.OK));
        Assert.That(await run.Get(withdrawn), Is.EqualTo(HttpStatusCode.Unauthorized));
    }

    /// <summary>A separate server whose clock stands still.</summary>
    private sealed class Run : IAsyncDisposable
    {
        private ScimServer server = null!;

        public FakeTimeProvider Time { get; } = new(DateTimeOffset.UtcNow);

        public TestAuthServer AuthServer => server.AuthServer;

        public int Fetches => AuthServer.Calls(AuthServerPaths.Keys);

        public static async Task<Run> Start()
        {
            var run = new Run();
            run.server = await ScimServer.Start(map: Probe.Map, time: run.Time);
            return run;
        }

        public Task<HttpStatusCode> Get() => Get(AuthServer.IssueToken(new TestAccount()));

        public Task<HttpStatusCode> GetWithUnpublishedKey()
        {
            var key = AuthServer.AddKey();
            AuthServer.RemoveKey(key);
            return Get(AuthServer.IssueToken(
                () => new TestAccount().Answer(), token => token.SigningCredentials = new(key, "ES256")));
        }

        public async Task<HttpStatusCode> Get(string token)
        {
            using var client = server.ClientWith("Bearer " + token);
            using var response = await client.GetAsync("/scim/v2/probe");
            return response.StatusCode;
        }

        public ValueTask DisposeAsync() => server.DisposeAsync();
    }
}
