using System.Net;
using System.Security.Cryptography;
using System.Text;
using Auth.Server.Tests.Connect;
using Microsoft.IdentityModel.Tokens;
using Shared.Contracts;

namespace Auth.Server.Tests.Checks;

/// <summary>Stolen or invalid authorization codes are useless.</summary>
internal sealed class CodeChecks
{
    private AuthServer server = null!;
    private AllowedClient client = null!;
    private HttpClient http = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        server = await AuthServer.Start();
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
    [Category("Check 14")]
    public async Task A_verifier_without_a_challenge_is_refused()
    {
        var code = await client.Code();

        using var response = await client.Post(
            AuthServerPaths.Token, ("grant_type", "authorization_code"), ("code", code),
            ("redirect_uri", AllowedClient.RedirectUri), ("code_verifier", Verifier()));

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
    }

    [TestCase("https://client.example/callback/")]
    [TestCase("https://client.example/other")]
    [TestCase(null)]
    [Category("Check 15")]
    public async Task A_code_is_redeemed_with_its_own_redirect_URI(string? redirectUri)
    {
        var code = await client.Code();
        (string, string)[] form = [("grant_type", "authorization_code"), ("code", code)];

        using var response = await client.Post(
            AuthServerPaths.Token, redirectUri is null ? form : [.. form, ("redirect_uri", redirectUri)]);

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That(
            (await response.Json()).GetProperty("error").GetString(),
            Is.EqualTo("invalid_grant").Or.EqualTo("invalid_request"));
    }

    [Test]
    [Category("Check 16")]
    public async Task A_code_is_bound_to_its_client()
    {
        var code = await client.Code();
        var other = await server.Generate(
            await server.CreateAccount("other"), CredentialMethods.OAuth2, AllowedClient.RedirectUri);

        await RequireInvalidGrant(http.RequestToken(
            other.Set.ClientId, other.ClientSecret, ("grant_type", "authorization_code"), ("code", code),
            ("redirect_uri", AllowedClient.RedirectUri)));
    }

    [Test]
    [Category("Check 16")]
    public async Task A_code_injected_into_another_session_fails_its_challenge()
    {
        var (victims, attackers) = (Verifier(), Verifier());
        var code = await client.Code(
            client.Request($"&code_challenge={Challenge(victims)}&code_challenge_method=S256"));

        await RequireInvalidGrant(client.Post(
            AuthServerPaths.Token, ("grant_type", "authorization_code"), ("code", code),
            ("redirect_uri", AllowedClient.RedirectUri), ("code_verifier", attackers)));
    }

    [Test]
    [Category("Check 19")]
    public async Task Of_twenty_concurrent_redemptions_of_a_code_at_most_one_succeeds()
    {
        var code = await client.Code();

        var statuses = await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ =>
        {
            using var response = await client.Redeem(code);
            return response.StatusCode;
        }));

        Assert.That(statuses.Count(status => status == HttpStatusCode.OK), Is.AtMost(1));
        Assert.That(statuses, Has.All.EqualTo(HttpStatusCode.OK).Or.EqualTo(HttpStatusCode.BadRequest));
    }

    [Test]
    [Category("Check 20")]
    public async Task A_code_expires_after_minutes()
    {
        var code = await client.Code();
        server.Time.Advance(TimeSpan.FromMinutes(5) + TimeSpan.FromSeconds(1));

        await RequireInvalidGrant(client.Redeem(code));
    }

    [TestCase("refresh_token")]
    [TestCase("access_token")]
    public async Task Only_a_code_is_redeemed_as_a_code(string which)
    {
        var tokens = await client.Tokens();

        await RequireInvalidGrant(client.Redeem(which == "access_token" ? tokens.AccessToken : tokens.RefreshToken!));
        await RequireInvalidGrant(client.TryRefresh(await client.Code()));
        await RequireInvalidGrant(client.TryRefresh(tokens.AccessToken));
    }

    private static async Task RequireInvalidGrant(Task<HttpResponseMessage> sent)
    {
        using var response = await sent;
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That((await response.Json()).GetProperty("error").GetString(), Is.EqualTo("invalid_grant"));
    }

    private static string Verifier() => Base64UrlEncoder.Encode(RandomNumberGenerator.GetBytes(32));

    private static string Challenge(string verifier) =>
        Base64UrlEncoder.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)));
}
