using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Shared.Contracts;
using WireMock;
using WireMock.ResponseBuilders;

namespace Scim.Api.Tests.AuthServer;

/// <summary>
/// Faults of introspection, one per test. Time stands still except where a test advances it, so nothing times out by
/// chance. Each test ends by showing that requests work again after the fault.
/// </summary>
[Parallelizable]
[Category("AnyDatabase")]
public sealed class IntrospectionTests
{
    private readonly FakeTimeProvider time = new(DateTimeOffset.UtcNow);
    private ScimServer server = null!;
    private string token = null!;

    private TestAuthServer AuthServer => server.AuthServer;

    [OneTimeSetUp]
    public async Task Start() => server = await ScimServer.Start(
        ["Introspection:Retries=0", "Introspection:BreakerThroughput=10000"], Probe.Map, time);

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [SetUp]
    public async Task Begin()
    {
        token = AuthServer.IssueToken(new TestAccount());
        await Works();
    }

    [TearDown]
    public async Task Recovers()
    {
        AuthServer.Recover();
        await Works();
    }

    [Test]
    public async Task An_inactive_token_is_refused_with_the_remedy()
    {
        AuthServer.Tell(token, () => new() { Active = false });
        using var response = await Send();
        AuthServer.Tell(token, () => new TestAccount().Answer());
        var error = await SentError.Of(response);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error.Status, Is.EqualTo(HttpStatusCode.Unauthorized));
            Assert.That($"{response.Headers.WwwAuthenticate}", Does.Contain("error=\"invalid_token\""));
            Assert.That(error.Detail, Does.Contain("replaced or revoked").And.Contain("under SCIM Credentials"));
        }
    }

    [Test]
    public async Task An_expired_token_is_refused_with_the_time()
    {
        var expired = AuthServer.IssueToken(
            () => new() { Active = false }, jwt => jwt.Expires = new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc));
        using var client = server.ClientWith("Bearer " + expired);
        using var response = await client.GetAsync("/scim/v2/probe");
        var error = await SentError.Of(response);
        Assert.That(error.Status, Is.EqualTo(HttpStatusCode.Unauthorized));
        Assert.That(error.Detail, Does.Contain("expired on 2026-01-02 at 03:04:05 UTC"));
    }

    [Test]
    public async Task An_expired_token_that_introspection_calls_active_is_accepted()
    {
        var expired = AuthServer.IssueToken(
            () => new TestAccount().Answer(), jwt => jwt.Expires = DateTime.UtcNow.AddHours(-1));
        using var client = server.ClientWith("Bearer " + expired);
        Assert.That((await client.GetAsync("/scim/v2/probe")).StatusCode, Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task A_timeout_is_503()
    {
        var (asked, over) = (Signal(), Signal());
        AuthServer.Fail(AuthServerPaths.Introspection, Response.Create().WithCallback(async _ =>
        {
            asked.SetResult();
            await over.Task;
            return new ResponseMessage();
        }));
        var request = Send();
        await asked.Task;
        time.Advance(TimeSpan.FromSeconds(20));
        await IsUnavailable(await request);
        over.SetResult();
    }

    [Test]
    public async Task A_slow_body_is_503()
    {
        var (asked, over) = (Signal(), Signal());
        AuthServer.Fail(AuthServerPaths.Introspection, Response.Create()
            .WithHeader("Content-Type", "application/json")
            .WithSseBody(async (_, body) =>
            {
                body.Write("{\"active\":");
                asked.SetResult();
                await over.Task;
                body.Write("true}");
                body.Close();
            }));
        var request = Send();
        await asked.Task;
        time.Advance(TimeSpan.FromSeconds(20));
        await IsUnavailable(await request);
        over.SetResult();
    }

    [TestCase(500)]
    [TestCase(503)]
    [TestCase(502)]
    public async Task A_server_error_is_503(int status) =>
        await IsUnavailable(await With(Response.Create().WithStatusCode(status)));

    [TestCase(400)]
    [TestCase(401)]
    [TestCase(403)]
    [TestCase(404)]
    [TestCase(429)]
    public async Task A_refusal_of_our_own_authentication_is_503(int status)
    {
        await IsUnavailable(await With(Response.Create().WithStatusCode(status)));
        Assert.That(server.Logs.AtLeast(LogLevel.Error), Has.Some.Contain($"Auth.Server answered {status}."));
    }

    [Test]
    public async Task A_redirect_is_not_followed()
    {
        await IsUnavailable(await With(
            Response.Create().WithStatusCode(307).WithHeader("Location", AuthServer.Url + "/elsewhere")));
        Assert.That(AuthServer.Calls("elsewhere"), Is.Zero);
    }

    [TestCase("{\"active\":tr")]
    [TestCase("")]
    [TestCase("[]")]
    [TestCase("null")]
    [TestCase("{}")]
    [TestCase("{\"account\":null}")]
    [TestCase("{\"active\":\"true\"}")]
    [TestCase("{\"active\":\"false\"}")]
    [TestCase("{\"active\":1}")]
    [TestCase("{\"active\":null}")]
    [TestCase("{\"Active\":false}")]
    [TestCase("{\"active\":true,\"active\":false}")]
    [TestCase("{\"active\":true}")]
    [TestCase("{\"active\":true,\"account\":{\"id\":\"4b8f2d0e-0000-4000-8000-000000000000\"}}")]
    public async Task An_ambiguous_response_is_503(string body) => await IsUnavailable(await With(
        Response.Create().WithStatusCode(200).WithHeader("Content-Type", "application/json").WithBody(body)));

    [Test]
    public async Task An_active_response_without_an_actor_is_503()
    {
        AuthServer.Tell(token, () => new TestAccount().Answer() with { CredentialSet = null });
        await IsUnavailable(await Send());
        AuthServer.Tell(token, () => new TestAccount().Answer());
    }

    [TestCase("application/json")]
    [TestCase("text/html")]
    public async Task HTML_is_503(string mediaType) => await IsUnavailable(await With(Response.Create()
        .WithStatusCode(200).WithHeader("Content-Type", mediaType).WithBody("<html><body>Welcome</body></html>")));

    [Test]
    public async Task JSON_under_another_media_type_is_503() => await IsUnavailable(await With(Response.Create()
        .WithStatusCode(200).WithHeader("Content-Type", "text/plain").WithBody("{\"active\":false}")));

    [Test]
    public async Task A_huge_body_is_503()
    {
        await IsUnavailable(await With(Response.Create()
            .WithStatusCode(200)
            .WithHeader("Content-Type", "application/json")
            .WithBody("{\"active\":false,\"padding\":\"" + new string('x', 200 * 1024) + "\"}")));
        Assert.That(server.Logs.AtLeast(LogLevel.Error), Has.Some.Contain("larger than 64 KB"));
    }

    [Test]
    public async Task A_refused_connection_is_503()
    {
        AuthServer.Pause();
        var response = await Send();
        AuthServer.Resume();
        await IsUnavailable(response);
    }

    [TestCase(FaultType.EMPTY_RESPONSE)]
    [TestCase(FaultType.MALFORMED_RESPONSE_CHUNK)]
    public async Task A_broken_connection_is_503(FaultType fault) =>
        await IsUnavailable(await With(Response.Create().WithStatusCode(200).WithFault(fault)));

    private static TaskCompletionSource Signal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static async Task IsUnavailable(HttpResponseMessage response)
    {
        var error = await SentError.Of(response);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error.Status, Is.EqualTo(HttpStatusCode.ServiceUnavailable));
            Assert.That(error.Detail, Does.Contain("cannot check the token at the moment"));
            Assert.That(response.Headers.RetryAfter?.Delta?.TotalSeconds, Is.GreaterThan(0));
            Assert.That(response.Headers.WwwAuthenticate, Is.Empty);
        }
        response.Dispose();
    }

    private Task<HttpResponseMessage> With(IResponseBuilder fault)
    {
        AuthServer.Fail(AuthServerPaths.Introspection, fault);
        return Send();
    }

    private async Task<HttpResponseMessage> Send()
    {
        using var client = server.ClientWith("Bearer " + token);
        return await client.GetAsync("/scim/v2/probe");
    }

    private async Task Works()
    {
        using var response = await Send();
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK), await response.Content.ReadAsStringAsync());
    }
}
