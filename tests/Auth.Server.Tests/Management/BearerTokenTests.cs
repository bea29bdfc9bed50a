using System.Net.Http.Headers;
using Auth.Server.Tests.Connect;
using Shared.Contracts;

namespace Auth.Server.Tests.Management;

/// <summary>
/// An access token is accepted only in the Authorization header (RFC 6750 §2, RFC 9700 §4.3.2).
/// </summary>
internal sealed class BearerTokenTests
{
    private AuthServer server = null!;
    private ResourceServer scim = null!;
    private HttpClient http = null!;
    private string token = "";

    public static IEnumerable<TestCaseData<string, string>> Endpoints { get; } =
    [
        new("GET", AuthServerPaths.Accounts),
        new("GET", $"{AuthServerPaths.Accounts}/{Guid.Empty}"),
        new("GET", $"{AuthServerPaths.Accounts}/{Guid.Empty}/credential-sets"),
        new("POST", $"{AuthServerPaths.Accounts}/{Guid.Empty}/credential-sets"),
        new("POST", AuthServerPaths.EventsPoll),
    ];

    [OneTimeSetUp]
    public async Task Start()
    {
        server = await AuthServer.Start();
        scim = await ResourceServer.Register(server);
        http = server.CreateClient();
        using var answer = await scim.Post(
            AuthServerPaths.Token, ("grant_type", "client_credentials"),
            ("scope", $"{Scopes.ReadAccounts} {Scopes.PollEvents}"));
        token = (await answer.Json()).GetProperty("access_token").GetString()!;
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        http.Dispose();
        scim.Dispose();
        await server.DisposeAsync();
    }

    [TestCaseSource(nameof(Endpoints))]
    public async Task A_token_in_the_query_string_is_ignored(string method, string path)
    {
        using var answer = await Send(method, $"{path}?access_token={token}", null, null);

        AssertUnauthenticated(answer);
    }

    [TestCaseSource(nameof(Endpoints))]
    public async Task A_token_in_a_form_is_ignored(string method, string path)
    {
        using var answer = await Send(method, path, null, token);

        AssertUnauthenticated(answer);
    }

    [Test]
    public async Task A_second_token_beside_the_header_is_an_invalid_request(
        [ValueSource(nameof(Endpoints))] TestCaseData<string, string> endpoint,
        [Values("query", "form")] string where,
        [Values("same", "other", "Basic")] string header)
    {
        var (method, path) = ((string)endpoint.Arguments[0]!, (string)endpoint.Arguments[1]!);
        var authorization = header switch
        {
            "same" => new AuthenticationHeaderValue("Bearer", token),
            "other" => new("Bearer", "nonsense"),
            _ => new("Basic", "YTpi"),
        };

        using var answer = await Send(
            method, where == "query" ? $"{path}?access_token={token}" : path, authorization,
            where == "form" ? token : null);

        Assert.That((int)answer.StatusCode, Is.EqualTo(400), await answer.Content.ReadAsStringAsync());
        Assert.That(answer.Headers.WwwAuthenticate.Single().Parameter, Does.Contain("error=\"invalid_request\""));
    }

    [TestCaseSource(nameof(Endpoints))]
    public async Task The_challenge_has_an_error_only_if_a_token_was_sent(string method, string path)
    {
        using var none = await Send(method, path, null, null);
        using var bad = await Send(method, path, new("Bearer", "nonsense"), null);

        AssertUnauthenticated(none);
        Assert.That((int)bad.StatusCode, Is.EqualTo(401));
        Assert.That(
            bad.Headers.WwwAuthenticate.Single().Parameter,
            Does.Contain("error=\"invalid_token\"").And.Contain("realm=").And.Not.Contain("error_uri"));
    }

    [Test]
    public async Task A_token_in_the_header_is_accepted()
    {
        using var answer = await Send("GET", AuthServerPaths.Accounts, new("Bearer", token), null);

        Assert.That((int)answer.StatusCode, Is.EqualTo(200));
    }

    [TestCase("GET", "/")]
    [TestCase("GET", "/security")]
    public async Task A_token_gives_no_access_to_the_portal(string method, string path)
    {
        using var answer = await Send(method, $"{path}?access_token={token}", null, null);

        Assert.That((int)answer.StatusCode, Is.EqualTo(302).Or.EqualTo(404));
    }

    private static void AssertUnauthenticated(HttpResponseMessage answer)
    {
        Assert.That((int)answer.StatusCode, Is.EqualTo(401));
        var challenge = answer.Headers.WwwAuthenticate.Single();
        Assert.That(challenge.Scheme, Is.EqualTo("Bearer"));
        Assert.That(challenge.Parameter, Does.Contain("realm=").And.Not.Contain("error"), "RFC 6750 §3.1");
    }

    private async Task<HttpResponseMessage> Send(
        string method, string path, AuthenticationHeaderValue? authorization, string? inForm)
    {
        using var request = new HttpRequestMessage(new(method), new Uri(path, UriKind.Relative));
        request.Headers.Authorization = authorization;
        if (inForm is not null)
            request.Content = new FormUrlEncodedContent([new("access_token", inForm)]);
        return await http.SendAsync(request);
    }
}
