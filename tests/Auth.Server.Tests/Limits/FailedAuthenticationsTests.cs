using System.Collections.Concurrent;
using System.Diagnostics.Tracing;
using System.Globalization;
using System.Net;
using System.Security.Claims;
using System.Security.Cryptography;
using Auth.Server.Issuance;
using Auth.Server.Tests.Connect;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Shared.Contracts;

namespace Auth.Server.Tests.Limits;

/// <summary>Only callers with repeated failed authentications are throttled.</summary>
[NonParallelizable]
[Category("AnyDatabase")]
internal sealed class FailedAuthenticationsTests
{
    private const string Stranger = "203.0.113.7";

    [TestCase(AuthServerPaths.Token)]
    [TestCase(AuthServerPaths.Introspection)]
    [TestCase("connect/revoke")]
    [TestCase("connect/par")]
    [Category("Check 28")]
    public async Task A_hundred_wrong_secrets_are_throttled_and_the_right_one_is_not(string path)
    {
        await using var server = await AuthServer.Start("--Auth:KnownProxies:0=127.0.0.1");
        var issued = await server.Generate(await server.CreateAccount(), CredentialMethods.OAuth2);
        using var http = server.CreateClient();
        using var warnings = new Warnings();

        var answers = new List<HttpStatusCode>();
        for (var i = 0; i < 100; i++)
        {
            using var response = await Guess(http, path, issued.Set.ClientId!, Stranger);
            answers.Add(response.StatusCode);
            if (response.StatusCode == HttpStatusCode.TooManyRequests)
            {
                var wait = response.Headers.GetValues("Retry-After").Single();
                Assert.That(int.Parse(wait, NumberStyles.None, CultureInfo.InvariantCulture), Is.InRange(1, 60));
                Assert.That(
                    (await response.Json()).GetProperty("error").GetString(), Is.EqualTo("temporarily_unavailable"));
                Assert.That(response.Headers.Contains("WWW-Authenticate"), Is.False);
                Assert.That(response.Headers.CacheControl?.NoStore, Is.True);
            }
        }

        Assert.That(answers.Take(20), Has.All.EqualTo(HttpStatusCode.Unauthorized));
        Assert.That(answers.Count(answer => answer == HttpStatusCode.TooManyRequests), Is.GreaterThan(50));
        Assert.That(await http.ClientCredentialsToken(issued.Set.ClientId!, issued.ClientSecret!), Is.Not.Empty);
        using var right = await Send(
            http, AuthServerPaths.Token, issued.Set.ClientId!, issued.ClientSecret!, Stranger);
        Assert.That(
            right.StatusCode, Is.EqualTo(HttpStatusCode.OK), "though it comes from where the guesses came from");
        Assert.That(
            warnings.Lines.Where(line => line.Contains(Stranger, StringComparison.Ordinal)), Has.Exactly(1).Items);
    }

    [Test]
    public async Task Failures_are_counted_by_client_and_network()
    {
        await using var server = await AuthServer.Start(
            "--Auth:KnownProxies:0=127.0.0.1", "--Auth:Limits:FailuresPerClient=2",
            "--Auth:Limits:ForgetEvery=01:00:00");
        using var http = server.CreateClient();
        for (var i = 0; i < 3; i++)
            (await Guess(http, AuthServerPaths.Token, "mine", "2001:db8:0:1::1")).Dispose();

        await RequireStatus(429, "mine", "2001:db8:0:1::1");
        await RequireStatus(429, "mine", "2001:db8:0:1:ffff::2", "the same subscriber (a /64)");
        await RequireStatus(401, "mine", "2001:db8:0:2::1");
        await RequireStatus(401, "mine", Stranger);
        await RequireStatus(401, "other", "2001:db8:0:1::1");

        async Task RequireStatus(int status, string clientId, string from, string? why = null)
        {
            using var response = await Guess(http, AuthServerPaths.Token, clientId, from);
            Assert.That((int)response.StatusCode, Is.EqualTo(status), why);
        }
    }

    [Test]
    public async Task Made_up_client_ids_are_counted_by_network()
    {
        await using var server = await AuthServer.Start(
            "--Auth:KnownProxies:0=127.0.0.1", "--Auth:Limits:FailuresPerNetwork=30",
            "--Auth:Limits:ForgetEvery=01:00:00");
        var issued = await server.Generate(await server.CreateAccount(), CredentialMethods.OAuth2);
        using var http = server.CreateClient();

        for (var i = 0; i < 40; i++)
        {
            using var response = await Guess(http, AuthServerPaths.Token, $"made up {i}", Stranger);
            Assert.That((int)response.StatusCode, Is.EqualTo(i < 30 ? 401 : 429));
        }

        using var elsewhere = await Guess(http, AuthServerPaths.Token, "made up", "203.0.113.8");
        Assert.That((int)elsewhere.StatusCode, Is.EqualTo(401));
        using var right = await Send(http, AuthServerPaths.Token, issued.Set.ClientId!, issued.ClientSecret!, Stranger);
        Assert.That((int)right.StatusCode, Is.EqualTo(200), "Okta's customers share its addresses");
    }

    [Test]
    public async Task Failures_of_others_do_not_slow_Scim_Api_down()
    {
        await using var server = await AuthServer.Start(
            "--Auth:Limits:FailuresPerNetwork=1", "--Auth:Limits:FailuresPerClient=1");
        using var scim = await ResourceServer.Register(server);
        var token = (await server.Generate(await server.CreateAccount())).Token!;
        using var http = server.CreateClient();
        for (var i = 0; i < 10; i++)
            (await Guess(http, AuthServerPaths.Introspection, Audiences.Scim, Stranger)).Dispose();

        for (var i = 0; i < 10; i++)
            Assert.That((await scim.Introspect("whatever an attacker sent")).Active, Is.False);
        Assert.That((await scim.Introspect(token)).Active);
    }

    [TestCase("garbage")]
    [TestCase("forged", Description = "It names a client that exists, and is signed by somebody else.")]
    [TestCase("unknown", Description = "It names a client that does not exist.")]
    [TestCase("changed", Description = "One character of the signature differs.")]
    [TestCase("ended", Description = "Its credential set has ended.")]
    [TestCase("client", Description = "A token of a client that must authenticate.")]
    public async Task An_invalid_subject_token_counts_like_a_wrong_secret(string kind)
    {
        await using var server = await AuthServer.Start(
            "--Auth:KnownProxies:0=127.0.0.1", "--Auth:Limits:FailuresPerClient=3",
            "--Auth:Limits:ForgetEvery=01:00:00");
        using var http = server.CreateClient();
        var account = await server.CreateAccount();
        var ended = await server.Generate(account);
        var issued = await server.Generate(account);
        var client = await server.Generate(await server.CreateAccount("other"), CredentialMethods.OAuth2);
        var wrong = kind switch
        {
            "garbage" => "garbage",
            "forged" => Forged(issued.Token!, issued.Set.ClientId ?? $"{issued.Set.Id}"),
            "unknown" => Forged(issued.Token!, "nobody"),
            "changed" => issued.Token![..^5] + (issued.Token[^5] == 'A' ? 'B' : 'A') + issued.Token[^4..],
            "ended" => ended.Token!,
            _ => await http.ClientCredentialsToken(client.Set.ClientId!, client.ClientSecret!),
        };

        var statuses = new List<int>();
        for (var i = 0; i < 5; i++)
        {
            using var refused = await Exchange(http, wrong, Stranger);
            statuses.Add((int)refused.StatusCode);
        }

        Assert.That(statuses.Take(3), Has.All.AnyOf(400, 401));
        Assert.That(statuses.Skip(3), Has.All.EqualTo(429));
        using var elsewhere = await Exchange(http, wrong, "203.0.113.8");
        Assert.That((int)elsewhere.StatusCode, Is.AnyOf(400, 401));
        using var right = await Exchange(http, issued.Token!, Stranger);
        Assert.That((int)right.StatusCode, Is.EqualTo(200), "though it comes from where the guesses came from");
    }

    [Test]
    public async Task A_valid_token_that_cannot_be_exchanged_is_not_a_failed_authentication()
    {
        await using var server = await AuthServer.Start(
            "--Auth:Limits:FailuresPerClient=1", "--Auth:Limits:FailuresPerNetwork=1",
            "--Auth:Limits:ForgetEvery=01:00:00");
        using var http = server.CreateClient();
        var token = (await server.Generate(await server.CreateAccount())).Token!;
        for (var i = 0; i < 4; i++)
        {
            using var exchanged = await Exchange(http, token, Stranger);
            token = (await exchanged.Json()).GetProperty("access_token").GetString()!;
        }

        for (var i = 0; i < 5; i++)
        {
            using var refused = await Exchange(http, token, Stranger);
            Assert.That((int)refused.StatusCode, Is.EqualTo(400), "it was already exchanged four times");
        }
    }

    private static async Task<HttpResponseMessage> Exchange(HttpClient http, string token, string from)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(AuthServerPaths.Token, UriKind.Relative));
        request.Headers.Add("X-Forwarded-For", from);
        request.Content = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "urn:ietf:params:oauth:grant-type:token-exchange",
            ["subject_token"] = token,
            ["subject_token_type"] = "urn:ietf:params:oauth:token-type:access_token",
        });
        return await http.SendAsync(request);
    }

    /// <summary>A token with the same claims except the client, signed with the attacker's key.</summary>
    private static string Forged(string token, string clientId)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var real = new JsonWebToken(token);
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }
            .CreateToken(new SecurityTokenDescriptor
        {
            Subject = new ClaimsIdentity(
                real.Claims.Where(claim => claim.Type is not ("aud" or "client_id"))
                    .Append(new("client_id", clientId))),
            Audience = Audiences.Scim,
            TokenType = "at+jwt",
            SigningCredentials = new(new ECDsaSecurityKey(key) { KeyId = real.Kid }, SecurityAlgorithms.EcdsaSha256),
        });
    }

    [Test]
    public async Task Failures_are_forgotten()
    {
        await using var server = await AuthServer.Start(
            "--Auth:Limits:FailuresPerClient=1", "--Auth:Limits:ForgetEvery=00:00:00.2");
        using var http = server.CreateClient();
        var statuses = new HashSet<HttpStatusCode>();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));

        // 401, then 429, then 401 again.
        var last = HttpStatusCode.Unauthorized;
        while (!(statuses.Contains(HttpStatusCode.TooManyRequests) && last == HttpStatusCode.Unauthorized))
        {
            patience.Token.ThrowIfCancellationRequested();
            using var response = await Guess(http, AuthServerPaths.Token, "mine", Stranger);
            statuses.Add(last = response.StatusCode);
        }

        Assert.That(statuses, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task A_made_up_client_id_is_not_logged()
    {
        await using var server = await AuthServer.Start("--Auth:Limits:FailuresPerClient=1");
        using var http = server.CreateClient();
        using var warnings = new Warnings();

        for (var i = 0; i < 5; i++)
            (await Guess(http, AuthServerPaths.Token, "x\r\nwarn: all is well", Stranger)).Dispose();

        Assert.That(
            warnings.Lines.Where(
                line => line.Contains("Repeated failed client authentication", StringComparison.Ordinal)),
            Is.Not.Empty);
        Assert.That(warnings.Lines.Where(line => line.Contains("all is well", StringComparison.Ordinal)), Is.Empty);
    }

    private static Task<HttpResponseMessage> Guess(HttpClient http, string path, string clientId, string from) =>
        Send(http, path, clientId, ClientSecret.Generate(), from);

    private static async Task<HttpResponseMessage> Send(
        HttpClient http, string path, string clientId, string secret, string from)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative));
        request.Headers.Add("X-Forwarded-For", from);
        request.Headers.Authorization = OAuthClient.Basic(clientId, secret);
        request.Content = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["token"] = "x",
            ["response_type"] = "code",
        });
        return await http.SendAsync(request);
    }

    /// <summary>Records logged warnings.</summary>
    private sealed class Warnings : EventListener
    {
        private readonly ConcurrentQueue<string> lines = new();

        public string[] Lines => [.. lines];

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == "Microsoft-Extensions-Logging")
                EnableEvents(eventSource, EventLevel.Warning, (EventKeywords)4);
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData) =>
            lines?.Enqueue(string.Join(' ', eventData.Payload ?? (IReadOnlyCollection<object?>)[]));
    }
}
