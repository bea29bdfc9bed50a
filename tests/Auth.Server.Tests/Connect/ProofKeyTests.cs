using System.Security.Cryptography;
using System.Text;
using System.Web;
using Microsoft.IdentityModel.Tokens;
using Shared.Contracts;

namespace Auth.Server.Tests.Connect;

/// <summary>PKCE (RFC 7636): challenges and verifiers have 43 to 128 unreserved characters (§4.1, §4.2).</summary>
internal sealed class ProofKeyTests
{
    private AuthServer server = null!;
    private AllowedClient client = null!;

    public static IEnumerable<TestCaseData<string, bool>> Values { get; } =
    [
        new(new('a', 42), false),
        new(new('a', 43), true),
        new(new('a', 128), true),
        new(new('a', 129), false),
        new("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~", true),
        .. "=+/ %$!*\"\n\0éß&".Select(wrong => new TestCaseData<string, bool>(new string('a', 43) + wrong, false)),
        new(new string('a', 42) + "\n", false),
        new(new string('a', 43) + "\n", false),
        new("\u0661" + new string('a', 43), false),
    ];

    [OneTimeSetUp]
    public async Task Start()
    {
        server = await AuthServer.Start("--Auth:Limits:RequestsPerClient=10000");
        client = await AllowedClient.Of(server);
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        client.Dispose();
        await server.DisposeAsync();
    }

    [TestCaseSource(nameof(Values))]
    public async Task A_challenge_in_an_authorization_request(string challenge, bool good)
    {
        var page = await client.Ask(client.Request(
            $"&state=s&code_challenge_method=S256&code_challenge={Uri.EscapeDataString(challenge)}"));

        if (good)
            Assert.That(page.Status, Is.EqualTo(200), page.Html);
        else
            Assert.That(
                HttpUtility.ParseQueryString(new Uri(page.Location!).Query)["error"], Is.EqualTo("invalid_request"));
    }

    [TestCaseSource(nameof(Values))]
    public async Task A_challenge_in_a_pushed_request(string challenge, bool good)
    {
        using var answer = await client.Post(
            "connect/par",
            ("response_type", "code"), ("redirect_uri", AllowedClient.RedirectUri),
            ("code_challenge", challenge), ("code_challenge_method", "S256"));

        Assert.That((int)answer.StatusCode, Is.EqualTo(good ? 201 : 400), await answer.Content.ReadAsStringAsync());
        if (!good)
            Assert.That((await answer.Json()).GetProperty("error").GetString(), Is.EqualTo("invalid_request"));
    }

    [TestCaseSource(nameof(Values))]
    public async Task A_verifier(string verifier, bool good)
    {
        // The challenge matches, although the verifier does not follow the grammar.
        var challenge = Base64UrlEncoder.Encode(SHA256.HashData(Encoding.UTF8.GetBytes(verifier)));
        var code = await client.Code(client.Request($"&code_challenge_method=S256&code_challenge={challenge}"));

        using var answer = await client.Post(
            AuthServerPaths.Token,
            ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", AllowedClient.RedirectUri),
            ("code_verifier", verifier));

        Assert.That((int)answer.StatusCode, Is.EqualTo(good ? 200 : 400), await answer.Content.ReadAsStringAsync());
        if (!good)
            Assert.That((await answer.Json()).GetProperty("error").GetString(), Is.EqualTo("invalid_request"));
    }

    [TestCase(true, null, "invalid_request", Description = "RFC 9700 §4.8.2: no downgrade.")]
    [TestCase(true, "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "invalid_grant")]
    [TestCase(false, "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", null)]
    public async Task A_code_requires_the_verifier_of_its_challenge(
        bool challenged, string? verifier, string? error)
    {
        var challenge = Base64UrlEncoder.Encode(SHA256.HashData(Encoding.UTF8.GetBytes(new string('a', 43))));
        var code = await client.Code(client.Request(
            challenged ? $"&code_challenge_method=S256&code_challenge={challenge}" : ""));

        using var answer = await client.Post(
            AuthServerPaths.Token,
            [
                ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", AllowedClient.RedirectUri),
                .. verifier is null ? Array.Empty<(string, string)>() : [("code_verifier", verifier)],
            ]);

        Assert.That((int)answer.StatusCode, Is.EqualTo(400));
        if (error is not null)
            Assert.That((await answer.Json()).GetProperty("error").GetString(), Is.EqualTo(error));
    }
}
