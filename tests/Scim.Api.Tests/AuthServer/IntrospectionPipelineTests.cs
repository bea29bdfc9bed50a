using System.Net;
using Microsoft.Extensions.Time.Testing;
using Shared.Contracts;
using WireMock.ResponseBuilders;

namespace Scim.Api.Tests.AuthServer;

/// <summary>How often introspection is retried, and when the circuit is open.</summary>
[Parallelizable(ParallelScope.All)]
[Category("AnyDatabase")]
public sealed class IntrospectionPipelineTests
{
    [Test]
    public async Task A_server_error_is_retried()
    {
        await using var server = await Start("Introspection:Retries=2", "Introspection:RetryDelay=00:00:00");
        Fail(server, 500);
        Assert.That(await Get(server), Is.EqualTo(HttpStatusCode.ServiceUnavailable));
        Assert.That(server.AuthServer.Calls(AuthServerPaths.Introspection), Is.EqualTo(3));
    }

    [TestCase(400)]
    [TestCase(401)]
    public async Task A_refusal_is_not_retried(int status)
    {
        await using var server = await Start("Introspection:Retries=2", "Introspection:RetryDelay=00:00:00");
        Fail(server, status);
        Assert.That(await Get(server), Is.EqualTo(HttpStatusCode.ServiceUnavailable));
        Assert.That(server.AuthServer.Calls(AuthServerPaths.Introspection), Is.EqualTo(1));
    }

    [Test]
    public async Task The_circuit_opens_after_many_server_errors_and_closes_again()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var server = await ScimServer.Start(
            ["Introspection:Retries=0", "Introspection:BreakerThroughput=2", "Introspection:BreakDuration=00:00:05"],
            Probe.Map, time);
        Fail(server, 500);
        for (var i = 0; i < 4; i++)
            Assert.That(await Get(server), Is.EqualTo(HttpStatusCode.ServiceUnavailable));
        Assert.That(server.AuthServer.Calls(AuthServerPaths.Introspection), Is.EqualTo(2));

        server.AuthServer.Recover();
        Assert.That(await Get(server), Is.EqualTo(HttpStatusCode.ServiceUnavailable));
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.That(await Get(server), Is.EqualTo(HttpStatusCode.OK));
        Assert.That(await Get(server), Is.EqualTo(HttpStatusCode.OK));
    }

    [TestCase(400)]
    [TestCase(401)]
    [TestCase(200)]
    public async Task What_an_attacker_can_provoke_does_not_open_the_circuit(int status)
    {
        await using var server = await Start("Introspection:Retries=0", "Introspection:BreakerThroughput=2");
        Fail(server, status);
        for (var i = 0; i < 6; i++)
            Assert.That(await Get(server), Is.EqualTo(HttpStatusCode.ServiceUnavailable));
        server.AuthServer.Recover();
        Assert.That(await Get(server), Is.EqualTo(HttpStatusCode.OK));
    }

    private static Task<ScimServer> Start(params string[] settings) => ScimServer.Start(settings, Probe.Map);

    private static void Fail(ScimServer server, int status) =>
        server.AuthServer.Fail(AuthServerPaths.Introspection, Response.Create().WithStatusCode(status));

    private static async Task<HttpStatusCode> Get(ScimServer server)
    {
        using var client = server.ClientOf(new TestAccount());
        using var response = await client.GetAsync("probe");
        return response.StatusCode;
    }
}
