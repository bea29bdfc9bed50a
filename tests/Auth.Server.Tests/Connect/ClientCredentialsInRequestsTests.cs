using System.Net.Http.Headers;
using System.Text;
using Shared.Contracts;

namespace Auth.Server.Tests.Connect;

/// <summary>
/// How clients send their id and secret, at every endpoint where they authenticate (RFC 6749 §2.3.1).
/// </summary>
internal sealed class ClientCredentialsInRequestsTests
{
    private static readonly string[] endpoints =
        [AuthServerPaths.Token, "connect/par", "connect/revoke", AuthServerPaths.Introspection];

    private AuthServer server = null!;
    private AllowedClient client = null!;
    private Auth.Server.Credentials.IssuedCredentials other = null!;
    private Auth.Server.Credentials.IssuedCredentials direct = null!;
    private HttpClient http = null!;

    private string Id => client.Issued.Set.ClientId!;

    private string Secret => client.Issued.ClientSecret!;

    [OneTimeSetUp]
    public async Task Start()
    {
        server = await AuthServer.Start(
            "--Auth:Limits:RequestsPerClient=10000", "--Auth:Limits:FailuresPerClient=10000");
        client = await AllowedClient.Of(server);
        http = server.CreateClient();
        other = await server.Generate(await server.CreateAccount("Other"), CredentialMethods.OAuth2);
        direct = await server.Generate(await server.CreateAccount("Direct"));
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        http.Dispose();
        client.Dispose();
        await server.DisposeAsync();
    }

    [Test]
    public async Task The_client_id_in_the_body_must_match_the_header(
        [ValueSource(nameof(endpoints))] string path, [Values("nobody", "another", "upper", "twice")] string which)
    {
        (string, string)[] named = which switch
        {
            "another" => [("client_id", other.Set.ClientId!)],
            "upper" => [("client_id", Id.ToUpperInvariant())],
            "twice" => [("client_id", Id), ("client_id", Id)],
            _ => [("client_id", "nobody")],
        };

        using var refused = await http.Send(path, OAuthClient.Basic(Id, Secret), [.. Form(path), .. named]);

        Assert.That((int)refused.StatusCode, Is.EqualTo(400), await refused.Content.ReadAsStringAsync());
        Assert.That((await refused.Json()).GetProperty("error").GetString(), Is.EqualTo("invalid_request"));
    }

    [Test]
    public async Task The_same_client_id_in_the_body_is_accepted([ValueSource(nameof(endpoints))] string path)
    {
        using var answer = await http.Send(path, OAuthClient.Basic(Id, Secret), [.. Form(path), ("client_id", Id)]);

        // Clients of credential sets do not introspect.
        Assert.That(
            (int)answer.StatusCode, path == AuthServerPaths.Introspection ? Is.EqualTo(400) : Is.InRange(200, 201));
        if (path == AuthServerPaths.Introspection)
            Assert.That((await answer.Json()).GetProperty("error").GetString(), Is.EqualTo("unauthorized_client"));
    }

    [Test]
    public async Task An_empty_secret_in_the_header_is_refused(
        [ValueSource(nameof(endpoints))] string path, [Values("", "nobody", "set", "direct")] string which)
    {
        var id = which switch
        {
            "set" => Id,
            // The client of a direct JWT is public, so it needs no header.
            "direct" => direct.Set.Id.ToString(),
            _ => which,
        };

        using var refused = await http.Send(path, Header($"{id}:"), Form(path));

        Assert.That((int)refused.StatusCode, Is.EqualTo(401), await refused.Content.ReadAsStringAsync());
        Assert.That((await refused.Json()).GetProperty("error").GetString(), Is.EqualTo("invalid_client"));
        AssertChallenged(refused);
    }

    [Test(Description = "RFC 7617 §2")]
    public async Task Every_challenge_has_a_realm_and_no_link_to_a_third_party(
        [ValueSource(nameof(endpoints))] string path, [Values("wrong", "nothing", "body", "unknown")] string how)
    {
        using var refused = how switch
        {
            "wrong" => await http.Send(path, OAuthClient.Basic(Id, "wrong"), Form(path)),
            "body" => await http.Send(path, null, [.. Form(path), ("client_id", Id), ("client_secret", "wrong")]),
            "unknown" => await http.Send(path, OAuthClient.Basic("nobody", "wrong"), Form(path)),
            _ => await http.Send(path, null, Form(path)),
        };

        if ((int)refused.StatusCode == 401)
            AssertChallenged(refused);
        Assert.That((int)refused.StatusCode, Is.InRange(400, 401));
        Assert.That((await refused.Json()).TryGetProperty("error_uri", out _), Is.False);
    }

    [Test]
    public async Task A_malformed_header_is_a_client_error(
        [ValueSource(nameof(endpoints))] string path, [Values("%%%", "bm9jb2xvbg==", "")] string credentials)
    {
        using var refused = await http.Send(
            path, credentials.Length == 0 ? new("Basic") : new AuthenticationHeaderValue("Basic", credentials),
            Form(path));

        Assert.That((int)refused.StatusCode, Is.EqualTo(400));
        Assert.That((await refused.Json()).GetProperty("error").GetString(), Is.EqualTo("invalid_request"));
    }

    [Test]
    public async Task A_client_must_not_authenticate_in_two_ways([ValueSource(nameof(endpoints))] string path)
    {
        using var refused = await http.Send(
            path, OAuthClient.Basic(Id, Secret), [.. Form(path), ("client_id", Id), ("client_secret", Secret)]);

        Assert.That((int)refused.StatusCode, Is.EqualTo(400));
        Assert.That((await refused.Json()).GetProperty("error").GetString(), Is.EqualTo("invalid_request"));
    }

    private static (string, string)[] Form(string path) => path switch
    {
        AuthServerPaths.Token => [("grant_type", "client_credentials")],
        "connect/par" => [("response_type", "code"), ("redirect_uri", AllowedClient.RedirectUri)],
        _ => [("token", "unknown")],
    };

    private static AuthenticationHeaderValue Header(string credentials) =>
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(credentials)));

    private static void AssertChallenged(HttpResponseMessage refused)
    {
        var challenge = refused.Headers.WwwAuthenticate.Single();
        Assert.That(challenge.Scheme, Is.EqualTo("Basic"));
        Assert.That(challenge.Parameter, Does.Contain("realm=\"SciLeads Auth\"").And.Not.Contain("error_uri"));
    }
}
