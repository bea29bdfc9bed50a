using System.Net;
using Auth.Server.Tests.Connect;
using Shared.Contracts;

namespace Auth.Server.Tests.Checks;

/// <summary>Introspection discloses nothing to unauthorized callers, or about invalid tokens.</summary>
internal sealed class IntrospectionChecks
{
    private AuthServer server = null!;
    private ResourceServer scim = null!;
    private AllowedClient client = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        server = await AuthServer.Start();
        scim = await ResourceServer.Register(server);
        client = await AllowedClient.Of(server);
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        client.Dispose();
        scim.Dispose();
        await server.DisposeAsync();
    }

    [Test]
    [Category("Check 49")]
    public async Task An_unauthenticated_caller_learns_nothing()
    {
        var token = await client.ClientCredentialsToken();
        using var http = server.CreateClient();

        using var bare = await http.Send(AuthServerPaths.Introspection, null, ("token", token));
        using var bearer = await http.Send(AuthServerPaths.Introspection, new("Bearer", token), ("token", token));
        using var asClient = await client.Post(AuthServerPaths.Introspection, ("token", token));
        using var ofNothing = await client.Post(AuthServerPaths.Introspection, ("token", "nonsense"));

        Assert.That(
            await ofNothing.Content.ReadAsStringAsync(), Is.EqualTo(await asClient.Content.ReadAsStringAsync()),
            "not even whether a token is live");
        foreach (var response in new[] { bare, bearer, asClient })
        {
            Assert.That((int)response.StatusCode, Is.InRange(400, 401));
            Assert.That(await response.Content.ReadAsStringAsync(), Does.Not.Contain("active").And.Not.Contain("Demo"));
        }
    }

    [Test]
    [Category("Check 52")]
    public async Task Anything_but_an_access_token_is_only_reported_as_inactive()
    {
        var code = await client.Code();
        var tokens = await client.Tokens();
        string[] strange =
        [
            code, tokens.RefreshToken!, "nonsense", "a.b.c", "....", "ü", new('x', 50_000),
            $"Bearer {tokens.AccessToken}", tokens.AccessToken + ".", scim.Assertion(), "{\"alg\":\"none\"}", "%00",
        ];

        foreach (var token in strange)
        {
            using var response = await scim.Post(AuthServerPaths.Introspection, ("token", token));
            Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK), token[..Math.Min(40, token.Length)]);
            Assert.That(await response.Content.ReadAsStringAsync(), Is.EqualTo("{\"active\":false}").IgnoreWhiteSpace);
        }
        using var redeemed = await client.Redeem(code);
        Assert.That(redeemed.StatusCode, Is.EqualTo(HttpStatusCode.OK), "introspection does not redeem a code");
        Assert.That((await client.Refresh(tokens.RefreshToken!)).AccessToken, Is.Not.Empty);
    }

    [TestCase("access_token")]
    [TestCase("refresh_token")]
    [TestCase("nonsense")]
    [Category("Check 52")]
    public async Task A_hint_changes_nothing(string hint)
    {
        var tokens = await client.Tokens();

        using var access = await scim.Post(
            AuthServerPaths.Introspection, ("token", tokens.AccessToken), ("token_type_hint", hint));
        using var refresh = await scim.Post(
            AuthServerPaths.Introspection, ("token", tokens.RefreshToken!), ("token_type_hint", hint));

        Assert.That((await access.Json()).GetProperty("active").GetBoolean());
        Assert.That((await refresh.Json()).GetProperty("active").GetBoolean(), Is.False);
    }
}
