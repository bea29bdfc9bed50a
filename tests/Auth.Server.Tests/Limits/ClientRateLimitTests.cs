using System.Diagnostics;
using System.Globalization;
using System.Net;
using Auth.Server.Connect;
using Auth.Server.Events;
using Auth.Server.Tests.Connect;
using Microsoft.EntityFrameworkCore;
using Shared.Contracts;

namespace Auth.Server.Tests.Limits;

/// <summary>
/// A client cannot fill the database with tokens and pushed requests, and others cannot use up its limit.
/// </summary>
[Category("Slow")]
[NonParallelizable]
[Category("AnyDatabase")]
internal sealed class ClientRateLimitTests
{
    private const string Limit = "--Auth:Limits:RequestsPerClient=20";

    [TestCase("client_credentials")]
    [TestCase("refresh")]
    [TestCase("exchange")]
    [TestCase("par")]
    [TestCase("revoke")]
    [TestCase("assertion")]
    [TestCase("failing")]
    public async Task Too_many_requests_of_a_client_are_refused_and_write_no_rows(string which)
    {
        await using var server = await AuthServer.Start(Limit);
        using var client = await AllowedClient.Of(server);
        using var scim = await ResourceServer.Register(server);
        var direct = await server.Generate(await server.CreateAccount("direct"));
        using var http = server.CreateClient();
        var ask = await Requests(which, server, client, scim, http, direct.Token!);

        var begin = Stopwatch.GetTimestamp();
        var answers = await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => ask()));

        // The limit is 20, and one more in each second that the requests took.
        var most = 20 + (int)Math.Ceiling(Stopwatch.GetElapsedTime(begin).TotalSeconds) + 1;
        var refused = answers.Where(answer => answer.StatusCode == HttpStatusCode.TooManyRequests).ToList();
        Assert.That(
            answers.Length - refused.Count,
            Is.InRange(19, most),
            string.Join(", ", answers.CountBy(answer => (int)answer.StatusCode)));
        foreach (var answer in refused)
        {
            var wait = answer.Headers.GetValues("Retry-After").Single();
            Assert.That(int.Parse(wait, NumberStyles.None, CultureInfo.InvariantCulture), Is.InRange(1, 60));
            Assert.That((await answer.Json()).GetProperty("error").GetString(), Is.EqualTo("temporarily_unavailable"));
        }
        var rows = await server.WithDatabase(async db =>
            await db.Tokens.CountAsync() + await db.UsedAssertions.CountAsync() + await db.Events.CountAsync());
        Assert.That(rows, Is.LessThan(15 + (3 * most)));
        foreach (var answer in answers)
            answer.Dispose();
    }

    [TestCase(1, 60)]
    [TestCase(2, 30)]
    [TestCase(20, 3)]
    [TestCase(90, 1)]
    public async Task The_limit_applies_per_minute(int limit, int wait)
    {
        await using var server = await AuthServer.Start($"--Auth:Limits:RequestsPerClient={limit}");
        using var client = await AllowedClient.Of(server);

        var answers = await Task.WhenAll(Enumerable.Range(0, limit + 30)
            .Select(_ => client.Post(AuthServerPaths.Token, ("grant_type", "client_credentials"))));

        var waits = answers.Where(answer => answer.StatusCode == HttpStatusCode.TooManyRequests)
            .Select(
                answer => int.Parse(answer.Headers.GetValues("Retry-After").Single(), CultureInfo.InvariantCulture));
        Assert.That(waits.Max(), Is.EqualTo(wait));
        foreach (var answer in answers)
            answer.Dispose();
    }

    [Test]
    public async Task Each_client_has_its_own_limit_that_others_cannot_use_up()
    {
        await using var server = await AuthServer.Start(Limit, "--Auth:Limits:FailuresPerClient=10000");
        using var client = await AllowedClient.Of(server);
        using var scim = await ResourceServer.Register(server);
        var direct = await server.Generate(await server.CreateAccount("direct"));
        var other = await server.Generate(await server.CreateAccount("other"), CredentialMethods.OAuth2);
        using var http = server.CreateClient();
        for (var i = 0; i < 60; i++)
        {
            using var own = await http.RequestToken(
                other.Set.ClientId, other.ClientSecret, ("grant_type", "client_credentials"));
            using var guessed = await http.RequestToken(
                client.Issued.Set.ClientId, "guess", ("grant_type", "client_credentials"));
            using var forged = await Exchange(http, direct.Token! + "x");
            using var named = await http.Send(
                AuthServerPaths.Token, null, ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
                ("client_id", $"{direct.Set.Id}"), ("subject_token", "nonsense"),
                ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"));
            Assert.That((int)guessed.StatusCode, Is.InRange(400, 429));
        }

        var token = await client.ClientCredentialsToken();
        using var exchanged = await Exchange(http, direct.Token!);
        Assert.That((int)exchanged.StatusCode, Is.EqualTo(200));
        for (var i = 0; i < 60; i++)
            Assert.That((await scim.Introspect(token)).Active, "introspection is not limited");
    }

    private static async Task<Func<Task<HttpResponseMessage>>> Requests(
        string which, AuthServer server, AllowedClient client, ResourceServer scim, HttpClient http, string direct)
    {
        switch (which)
        {
            case "refresh":
                var refreshToken = (await client.Tokens()).RefreshToken!;
                return () => client.TryRefresh(refreshToken);
            case "exchange":
                return () => Exchange(http, direct);
            case "par":
                return () =>
                    client.Post("connect/par", ("response_type", "code"), ("redirect_uri", AllowedClient.RedirectUri));
            case "revoke":
                var token = await client.ClientCredentialsToken();
                return () => client.Post("connect/revoke", ("token", token));
            case "assertion":
                return () => scim.Post(
                    AuthServerPaths.Token, ("grant_type", "client_credentials"), ("scope", Scopes.PollEvents));
            case "failing":
                return () =>
                    client.Post(AuthServerPaths.Token, ("grant_type", "refresh_token"), ("refresh_token", "nonsense"));
            default:
                Assert.That(server, Is.Not.Null);
                return () => client.Post(AuthServerPaths.Token, ("grant_type", "client_credentials"));
        }
    }

    private static Task<HttpResponseMessage> Exchange(HttpClient http, string token) => http.Send(
        AuthServerPaths.Token, null, ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("subject_token", token), ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"));
}
