using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.IdentityModel.Tokens;

namespace Auth.Server.Tests.Connect;

/// <summary>Pushed authorization requests (RFC 9126), and what they may contain.</summary>
[Category("Slow")]
[Category("AnyDatabase")]
internal sealed class PushedAuthorizationTests
{
    [Test]
    public async Task A_pushed_request_leads_to_consent_and_tokens_like_any_other()
    {
        await using var server = await AuthServer.Start();
        using var client = await AllowedClient.Of(server, requirePkce: true);
        var verifier = Base64UrlEncoder.Encode(RandomNumberGenerator.GetBytes(32));
        var challenge = Base64UrlEncoder.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)));

        using var pushed = await client.Post(
            "connect/par",
            ("response_type", "code"), ("redirect_uri", AllowedClient.RedirectUri), ("state", "xyz"),
            ("code_challenge", challenge), ("code_challenge_method", "S256"));
        Assert.That(pushed.StatusCode, Is.EqualTo(HttpStatusCode.Created), await pushed.Content.ReadAsStringAsync());
        var requestUri = (await pushed.Json()).GetProperty("request_uri").GetString()!;
        var request =
            $"/connect/authorize?client_id={client.Issued.Set.ClientId}&request_uri={Uri.EscapeDataString(requestUri)}";
        var code = await client.Code(request);
        using var answer = await client.Post(
            "connect/token", ("grant_type", "authorization_code"), ("code", code),
            ("redirect_uri", AllowedClient.RedirectUri), ("code_verifier", verifier));
        var again = await client.Ask(request);

        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.OK), await answer.Content.ReadAsStringAsync());
        Assert.That(again.Status, Is.EqualTo(400), "it can be used only once");
    }

    [Test]
    public async Task A_pushed_request_expires()
    {
        await using var server = await AuthServer.Start();
        using var client = await AllowedClient.Of(server);
        using var pushed = await client.Post(
            "connect/par", ("response_type", "code"), ("redirect_uri", AllowedClient.RedirectUri));
        var answer = await pushed.Json();

        server.Time.Advance(TimeSpan.FromSeconds(answer.GetProperty("expires_in").GetInt32() + 1));
        var requestUri = Uri.EscapeDataString(answer.GetProperty("request_uri").GetString()!);
        var late = await client.Ask(
            $"/connect/authorize?client_id={client.Issued.Set.ClientId}&request_uri={requestUri}");

        Assert.That(answer.GetProperty("expires_in").GetInt32(), Is.InRange(5, 600), "RFC 9126 §2.2");
        Assert.That((late.Status, late.Location), Is.EqualTo((400, (string?)null)));
    }

    [TestCase("https://client.example/callback/evil", "", HttpStatusCode.BadRequest)]
    [TestCase(AllowedClient.RedirectUri, "everything", HttpStatusCode.BadRequest)]
    [TestCase(AllowedClient.RedirectUri, "scim", HttpStatusCode.Created)]
    public async Task An_invalid_pushed_request_is_refused_immediately(string redirectUri, string scope, HttpStatusCode status)
    {
        await using var server = await AuthServer.Start();
        using var client = await AllowedClient.Of(server);

        using var pushed = await client.Post(
            "connect/par", ("response_type", "code"), ("redirect_uri", redirectUri), ("scope", scope));

        Assert.That(pushed.StatusCode, Is.EqualTo(status));
    }

    [Test]
    public async Task Pushing_requires_client_authentication_and_only_the_same_client_can_use_the_request()
    {
        await using var server = await AuthServer.Start();
        using var client = await AllowedClient.Of(server);
        using var http = server.CreateClient();
        var other = await server.Generate(
            await server.CreateAccount("Other"), Shared.Contracts.CredentialMethods.OAuth2, AllowedClient.RedirectUri);

        using var unauthenticated = await http.Send(
            "connect/par", null, ("client_id", client.Issued.Set.ClientId!),
            ("response_type", "code"), ("redirect_uri", AllowedClient.RedirectUri));
        using var pushed = await http.Send(
            "connect/par", OAuthClient.Basic(other.Set.ClientId, other.ClientSecret),
            ("response_type", "code"), ("redirect_uri", AllowedClient.RedirectUri));
        var requestUri = Uri.EscapeDataString((await pushed.Json()).GetProperty("request_uri").GetString()!);
        var stolen = await client.Ask(
            $"/connect/authorize?client_id={client.Issued.Set.ClientId}&request_uri={requestUri}");

        Assert.That(unauthenticated.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
        Assert.That((stolen.Status, stolen.Location), Is.EqualTo((400, (string?)null)));
    }

    [Test]
    public async Task The_SCIM_resource_may_be_requested()
    {
        await using var server = await AuthServer.Start();
        using var client = await AllowedClient.Of(server);

        var page = await client.Ask(client.Request("&resource=http%3A%2F%2Flocalhost%3A5002%2Fscim%2Fv2"));

        Assert.That(page.Status, Is.EqualTo(200));
    }

    [TestCase("&scope=offline_access&scope=")]
    [TestCase("&scope=offline_access&scope=scim")]
    [TestCase("&scope=&scope=offline_access")]
    [TestCase("&scope=offline_access&scope=offline_access")]
    public async Task Okta_s_own_scope_is_merged_with_the_appended_one(string parameters)
    {
        await using var server = await AuthServer.Start();
        using var client = await AllowedClient.Of(server);

        Assert.That(await client.Code(client.Request(parameters)), Is.Not.Empty);
    }

    [TestCase("&client_id=another")]
    [TestCase("&redirect_uri=https%3A%2F%2Felsewhere.example%2F")]
    public async Task The_client_id_must_not_be_repeated(string parameters)
    {
        await using var server = await AuthServer.Start();
        using var client = await AllowedClient.Of(server);

        var refused = await client.Ask(client.Request(parameters));

        Assert.That((refused.Status, refused.Location), Is.EqualTo((400, (string?)null)), "RFC 6749 §3.1");
    }

    [TestCase("state", "a", "b", 400)]
    [TestCase("redirect_uri", AllowedClient.RedirectUri, AllowedClient.RedirectUri, 400)]
    [TestCase("scope", "offline_access", "scim", 201)]
    public async Task A_parameter_must_not_be_repeated_in_a_pushed_request(
        string name, string one, string other, int status)
    {
        await using var server = await AuthServer.Start();
        using var client = await AllowedClient.Of(server);
        (string Name, string Value)[] usual = [("response_type", "code"), ("redirect_uri", AllowedClient.RedirectUri)];

        using var pushed = await client.Post(
            "connect/par", [.. usual.Where(field => field.Name != name), (name, one), (name, other)]);

        Assert.That((int)pushed.StatusCode, Is.EqualTo(status), "RFC 9126 §2.1");
    }
}
