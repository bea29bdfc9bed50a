using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Auth.Server.Tests.Pages;
using Microsoft.IdentityModel.Tokens;
using Shared.Contracts;

namespace Auth.Server.Tests.Connect;

/// <summary>
/// Text that a database cannot store (U+0000 on PostgreSQL) or that is not valid UTF-8: wherever it is sent, it is a
/// client error and not a server error.
/// </summary>
internal sealed class UnstorableTextTests
{
    private const string AssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

    private static readonly string[] endpoints =
        [AuthServerPaths.Token, "connect/par", "connect/revoke", AuthServerPaths.Introspection];

    private AuthServer server = null!;
    private AllowedClient client = null!;
    private HttpClient http = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        server = await AuthServer.Start(
            "--Auth:Limits:RequestsPerClient=10000", "--Auth:Limits:FailuresPerClient=10000",
            "--Auth:Limits:FailuresPerNetwork=10000");
        client = await AllowedClient.Of(server);
        http = server.CreateClient();
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        http.Dispose();
        client.Dispose();
        await server.DisposeAsync();
    }

    [Test]
    public async Task As_a_client_id_or_secret_in_the_header(
        [ValueSource(nameof(endpoints))] string path,
        [Values(
            "\0:x", "%00:x", "a\0b:x", "{id}%00:x", "{id}:%00", "{id}:\0", "\ud800:x", "%ED%A0%80:x", "%FF:%FF", "%:%")]
        string credentials)
    {
        credentials = credentials.Replace("{id}", client.Issued.Set.ClientId!, StringComparison.Ordinal);

        using var refused = await http.Send(
            path, new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(credentials))), Form(path));

        await AssertRefused(refused, 401, "invalid_client");
    }

    [Test]
    public async Task As_the_issuer_of_an_assertion(
        [ValueSource(nameof(endpoints))] string path, [Values("\0", "a\0b", "{id}\0", "\ud800")] string issuer,
        [Values(true, false)] bool named)
    {
        issuer = issuer.Replace("{id}", client.Issued.Set.ClientId!, StringComparison.Ordinal);
        var jwt = Unsigned(new JsonObject { ["iss"] = issuer, ["sub"] = issuer, ["jti"] = "\0", ["aud"] = AuthServer.PublicUrl.AbsoluteUri });

        using var refused = await http.Send(
            path, null,
            [
                .. Form(path), ("client_assertion_type", AssertionType), ("client_assertion", jwt),
                .. named ? [("client_id", client.Issued.Set.ClientId!)] : Array.Empty<(string, string)>(),
            ]);

        // A pushed request contains the client id, however the client authenticates (RFC 9126 §2.1).
        if (path == "connect/par" && !named)
            await AssertRefused(refused, 400, "invalid_request");
        else
            await AssertRefused(refused, 401, "invalid_client");
    }

    [TestCase("\"\\u0000\"")]
    [TestCase("\"a\\u0000b\"")]
    [TestCase("\"\\ud800\"")]
    [TestCase("7")]
    [TestCase("[\"a\"]")]
    [TestCase("{}")]
    [TestCase("null")]
    public async Task As_the_client_of_a_token_to_be_exchanged(string clientId)
    {
        var jwt = Unsigned(Encoding.UTF8.GetBytes($$"""{"client_id":{{clientId}},"sub":{{clientId}},"oi_tkn_id":{{clientId}}}"""));

        using var refused = await http.Send(
            AuthServerPaths.Token, null,
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("subject_token", jwt),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"));

        Assert.That((int)refused.StatusCode, Is.InRange(400, 401), await refused.Content.ReadAsStringAsync());
    }

    [Test]
    public async Task In_an_authorization_request(
        [Values("client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "resource", "prompt",
            "code_challenge", "code_challenge_method", "request_uri", "request", "nonce")] string parameter,
        [Values(
            "%00", "a%00b", "%ED%A0%80", "%FF", "%0D%0ASet-Cookie:%20a=b", "%E2%80%AE", "%F0%9F%98%80", "%", "%zz",
            "%20")]
        string value)
    {
        using var anybody = Browser.At(server);
        var request = client.Request($"&{parameter}={value}");
        if (parameter is "client_id" or "redirect_uri" or "response_type")
            request = request.Replace($"{parameter}=", $"ignored_{parameter}=", StringComparison.Ordinal)
                + $"&{parameter}={value}";
        request = request.Replace($"&ignored_{parameter}={value}", "", StringComparison.Ordinal);

        var refused = await anybody.Open(request);
        var answered = await client.Ask(request);

        Assert.That(refused.Status, Is.EqualTo(302).Or.EqualTo(400), refused.Html);
        Assert.That(refused.Location, Is.Null.Or.StartsWith("/sign-in?"));
        Assert.That(answered.Status, Is.AnyOf(200, 302, 400), answered.Html);
        Assert.That(answered.Location, Is.Null.Or.StartsWith($"{AllowedClient.RedirectUri}?error="));
        if (parameter == "state" && answered.Status == 200)
        {
            var allowed = await client.Code(request);
            Assert.That(allowed, Is.Not.Empty);
        }
    }

    [TestCase("client_id=%00")]
    [TestCase("state=%00&decision=allow")]
    [TestCase("%00=1")]
    [TestCase("MANY")]
    [TestCase("LONG NAME")]
    public async Task In_a_form(string form)
    {
        form = form switch
        {
            "MANY" => string.Join('&', Enumerable.Range(0, 2000).Select(i => $"a{i}=1")),
            "LONG NAME" => $"{new string('a', 5000)}=1",
            _ => form,
        };
        foreach (var path in new[]
        {
            "/connect/authorize", "/connect/token", "/connect/par", "/connect/revoke", "/connect/introspect",
            "/sign-in",
            "/sign-in?handler=Code", "/invitation", "/invitation?handler=Accept", "/sign-out", "/management/accounts",
            "/events/poll", "/error", "/",
        })
        {
            foreach (var accept in new[] { "*/*", "text/html" })
            {
                using var content = new StringContent(
                    form, new MediaTypeHeaderValue("application/x-www-form-urlencoded"));
                using var request = new HttpRequestMessage(
                    HttpMethod.Post, new Uri(path, UriKind.Relative)) { Content = content };
                request.Headers.Accept.ParseAdd(accept);
                using var refused = await http.SendAsync(request);
                Assert.That(
                    (int)refused.StatusCode, Is.InRange(302, 415),
                    $"{path}: {await refused.Content.ReadAsStringAsync()}");
            }
        }
    }

    private static async Task AssertRefused(HttpResponseMessage refused, int status, string error)
    {
        Assert.That((int)refused.StatusCode, Is.EqualTo(status), await refused.Content.ReadAsStringAsync());
        Assert.That((await refused.Json()).GetProperty("error").GetString(), Is.EqualTo(error));
    }

    private static (string, string)[] Form(string path) => path switch
    {
        AuthServerPaths.Token => [("grant_type", "client_credentials")],
        "connect/par" => [("response_type", "code"), ("redirect_uri", AllowedClient.RedirectUri)],
        _ => [("token", "unknown")],
    };

    private static string Unsigned(JsonObject payload) => Unsigned(Encoding.UTF8.GetBytes(payload.ToJsonString()));

    private static string Unsigned(byte[] payload) =>
        $"{Base64UrlEncoder.Encode("""{"alg":"ES256","typ":"JWT"}""")}.{Base64UrlEncoder.Encode(payload)}.AAAA";
}
