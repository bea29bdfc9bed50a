using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Auth.Server.Credentials;
using Auth.Server.Issuance;
using Auth.Server.Tests.Connect;
using Shared.Contracts;

namespace Auth.Server.Tests.Checks;

/// <summary>How a client can authenticate at the token endpoint, and how it cannot.</summary>
[NonParallelizable]
internal sealed class ClientAuthenticationChecks
{
    private const string Grant = "grant_type=client_credentials";

    private DatabaseCommands commands = null!;
    private AuthServer server = null!;
    private IssuedCredentials issued = null!;
    private HttpClient http = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        // First: a context that once had no listener does not look for one again for a second.
        commands = new DatabaseCommands();
        server = await AuthServer.Start();
        issued = await server.Generate(await server.CreateAccount(), CredentialMethods.OAuth2);
        http = server.CreateClient();
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        http.Dispose();
        await server.DisposeAsync();
        commands.Dispose();
    }

    private string ClientId => issued.Set.ClientId!;

    private string Secret => issued.ClientSecret!;

    [Test]
    [Category("Check 21")]
    [Category("Check 26")]
    public async Task A_wrong_secret_returns_401_with_a_challenge_and_is_not_stored()
    {
        using var response = await http.RequestToken(ClientId, "wrong", ("grant_type", "client_credentials"));

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
        Assert.That(response.Headers.WwwAuthenticate.Single().Scheme, Is.EqualTo("Basic"));
        Assert.That(response.Headers.CacheControl?.NoStore, Is.True);
    }

    [Test]
    [Category("Check 22")]
    public async Task Authenticating_in_two_ways_is_refused()
    {
        using var response = await http.RequestToken(
            ClientId, Secret, ("grant_type", "client_credentials"), ("client_id", ClientId), ("client_secret", Secret));

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That((await response.Json()).GetProperty("error").GetString(), Is.EqualTo("invalid_request"));
    }

    [Test]
    [Category("Check 23")]
    public async Task A_secret_in_the_URL_is_refused()
    {
        using var content = Form(Grant);
        using var response = await http.PostAsync(
            Address($"{AuthServerPaths.Token}?client_id={ClientId}&client_secret={Secret}"), content);

        Assert.That((int)response.StatusCode, Is.InRange(400, 401));
        Assert.That(await response.Content.ReadAsStringAsync(), Does.Not.Contain(Secret));
    }

    [TestCase("GET", null, "")]
    [TestCase("PUT", "application/x-www-form-urlencoded", Grant)]
    [TestCase("POST", "application/json", "{\"grant_type\":\"client_credentials\"}")]
    [TestCase("POST", "text/plain", Grant)]
    [TestCase("POST", "application/xml", "<grant_type>client_credentials</grant_type>")]
    [TestCase("POST", null, "")]
    [TestCase("POST", "application/x-www-form-urlencoded", "")]
    [TestCase("POST", "application/x-www-form-urlencoded", "grant_type")]
    [TestCase("POST", "application/x-www-form-urlencoded", "=&&=&%")]
    [TestCase("POST", "application/x-www-form-urlencoded", "grant_type=%00")]
    [TestCase("POST", "application/x-www-form-urlencoded", "grant_type=%ff%fe")]
    [TestCase("POST", "application/x-www-form-urlencoded", "grant_type[]=client_credentials")]
    [TestCase("POST", "application/x-www-form-urlencoded", Grant + "&" + Grant)]
    [TestCase("POST", "multipart/form-data; boundary=x", "--x\r\n\r\n")]
    [TestCase("POST", "multipart/form-data", "nonsense")]
    [Category("Check 24")]
    public async Task A_request_that_is_not_a_form_POST_is_a_client_error(string method, string? type, string body)
    {
        using var request = new HttpRequestMessage(new(method), Address(AuthServerPaths.Token));
        request.Headers.Authorization = OAuthClient.Basic(ClientId, Secret);
        if (method != "GET")
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            if (type is not null)
                request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        using var response = await http.SendAsync(request);

        Assert.That((int)response.StatusCode, Is.AnyOf(400, 405, 415), await response.Content.ReadAsStringAsync());
        Assert.That(
            await response.Content.ReadAsStringAsync(), Does.Not.Contain("access_token").And.Not.Contain("   at "));
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase("password")]
    [TestCase("implicit")]
    [TestCase("urn:ietf:params:oauth:grant-type:jwt-bearer")]
    [TestCase("urn:ietf:params:oauth:grant-type:device_code")]
    [Category("Check 25")]
    public async Task Other_grant_types_give_no_token(string? grantType)
    {
        using var response = await http.RequestToken(
            ClientId, Secret,
            [("username", "ada@example.com"), ("password", AuthServer.Password),
            .. grantType is null ? Array.Empty<(string, string)>() : [("grant_type", grantType)]]);

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That(
            (await response.Json()).GetProperty("error").GetString(),
            Is.EqualTo("unsupported_grant_type").Or.EqualTo("invalid_request"));
    }

    [Test]
    [Category("Check 26")]
    public async Task No_token_response_is_stored()
    {
        using var good = await http.RequestToken(ClientId, Secret, ("grant_type", "client_credentials"));
        using var bad = await http.RequestToken(ClientId, Secret, ("grant_type", "nonsense"));

        foreach (var response in new[] { good, bad })
        {
            Assert.That(response.Headers.CacheControl?.NoStore, Is.True);
            Assert.That(response.Headers.GetValues("X-Content-Type-Options"), Is.EqualTo(new[] { "nosniff" }));
        }
    }

    [Test]
    [Category("Check 27")]
    public async Task An_unknown_client_costs_as_much_as_a_wrong_secret()
    {
        // Nearly all work for a request is done by the database; the SHA-256 of a secret takes half a microsecond.
        var costs = new List<string[]>();
        foreach (var clientId in new[] { ClientId, Guid.NewGuid().ToString(), ClientId, "nobody" })
        {
            commands.Clear();
            using var response = await http.RequestToken(
                clientId, ClientSecret.Generate(), ("grant_type", "client_credentials"));
            Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
            costs.Add(commands.Texts);
        }

        Assert.That(costs[0], Is.Not.Empty);
        Assert.That(costs, Has.All.EqualTo(costs[0]));
    }

    [Test]
    [Category("Check 27")]
    public async Task An_unknown_client_takes_as_long_as_a_wrong_secret()
    {
        await using var lenient = await AuthServer.Start(
            "--Auth:Limits:FailuresPerClient=10000", "--Auth:Limits:FailuresPerNetwork=1000000");
        var known = (await lenient.Generate(await lenient.CreateAccount(), CredentialMethods.OAuth2)).Set.ClientId!;
        using var stranger = lenient.CreateClient();
        string[] ids = [known, $"scim-{Guid.NewGuid():N}"];
        var times = ids.ToDictionary(id => id, _ => new List<TimeSpan>());

        for (var i = 0; i < 250; i++)
        {
            // Alternating, so that other load on the machine affects both.
            foreach (var id in ids)
            {
                var secret = ClientSecret.Generate();
                var begin = Stopwatch.GetTimestamp();
                using var response = await stranger.RequestToken(id, secret, ("grant_type", "client_credentials"));
                if (i >= 50)
                    times[id].Add(Stopwatch.GetElapsedTime(begin));
                Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
            }
        }

        var medians = ids.Select(id => times[id].Order().ElementAt(100)).ToArray();
        Assert.That(medians[0] / medians[1], Is.InRange(0.67, 1.5), "a password hash would double it");
    }

    [Test]
    [Category("Check 30")]
    public async Task Id_and_secret_may_be_percent_encoded_completely()
    {
        var encoded = string.Concat(ClientId.Select(letter => $"%{(int)letter:X2}"))
            + ":" + string.Concat(Secret.Select(letter => $"%{(int)letter:x2}"));
        using var request = new HttpRequestMessage(HttpMethod.Post, Address(AuthServerPaths.Token));
        request.Headers.Authorization = new("basic", Convert.ToBase64String(Encoding.ASCII.GetBytes(encoded)));
        request.Content = Form(Grant);

        using var response = await http.SendAsync(request);

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK), "RFC 6749 §2.3.1");
    }

    [TestCase("Basic")]
    [TestCase("Basic ")]
    [TestCase("Basic !!!")]
    [TestCase("Basic Og==")]
    [TestCase("Basic bm9jb2xvbg==")]
    [TestCase("Basic //79/A==")]
    [TestCase("Bearer x")]
    [TestCase("Negotiate x")]
    public async Task A_header_without_valid_credentials_is_refused(string authorization)
    {
        using var request = new HttpRequestMessage(
            HttpMethod.Post, Address(AuthServerPaths.Token)) { Content = Form(Grant) };
        request.Headers.TryAddWithoutValidation("Authorization", authorization);

        using var response = await http.SendAsync(request);

        Assert.That((int)response.StatusCode, Is.InRange(400, 401));
    }

    private static StringContent Form(string body) =>
        new(body, new MediaTypeHeaderValue("application/x-www-form-urlencoded"));

    private static Uri Address(string path) => new(path, UriKind.Relative);
}
