using System.Net.Http.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Shared.Contracts;

namespace Auth.Server.Tests.Connect;

/// <summary>
/// A consent always grants <c>scim</c> and a refresh token; the <c>scope</c> in the response is the requested one,
/// because requests-oauthlib compares them.
/// </summary>
[Category("AnyDatabase")]
internal sealed class GrantedScopeTests
{
    private AuthServer server = null!;
    private AllowedClient client = null!;
    private ResourceServer scim = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        server = await AuthServer.Start("--Auth:Limits:RequestsPerClient=10000");
        client = await AllowedClient.Of(server);
        scim = await ResourceServer.Register(server);
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        scim.Dispose();
        client.Dispose();
        await server.DisposeAsync();
    }

    [TestCase("", "scim")]
    [TestCase("&scope=", "scim")]
    [TestCase("&scope=scim", "scim")]
    [TestCase("&scope=scim%20scim", "scim")]
    [TestCase("&scope=offline_access", "offline_access")]
    [TestCase("&scope=scim%20offline_access", "scim offline_access")]
    [TestCase("&scope=offline_access%20scim", "offline_access scim")]
    [TestCase("&scope=offline_access&scope=scim", "offline_access scim")]
    public async Task Responses_report_the_requested_scope(string parameters, string expected)
    {
        foreach (var pushed in new[] { false, true })
        {
            var request = client.Request(parameters);
            var tokens = await Read(await client.Redeem(await client.Code(pushed ? await Push(request) : request)));
            Assert.That(tokens.Scope, Is.EqualTo(expected));
            for (var refresh = 0; refresh < 2; refresh++)
            {
                tokens = await client.Refresh(tokens.RefreshToken!);
                Assert.That(tokens.Scope, Is.EqualTo(expected));
                Assert.That((await scim.Introspect(tokens.AccessToken)).Scope!.Split(' '), Does.Contain(Scopes.Scim));
            }
        }
    }

    [TestCase("scim", "scim")]
    [TestCase("offline_access", "offline_access")]
    [TestCase("scim offline_access", "scim offline_access")]
    public async Task A_refresh_with_a_narrower_scope_reports_it_and_keeps_its_access(string scope, string expected)
    {
        var tokens = await client.Tokens();

        var narrower = await Read(await client.Post(
            AuthServerPaths.Token,
            ("grant_type", "refresh_token"), ("refresh_token", tokens.RefreshToken!), ("scope", scope)));
        var next = await client.Refresh(narrower.RefreshToken!);

        Assert.That(narrower.Scope, Is.EqualTo(expected));
        Assert.That(
            new JsonWebToken(narrower.AccessToken).GetClaim("scope").Value.Split(' '), Does.Contain(Scopes.Scim));
        Assert.That(next.Scope, Is.EqualTo("scim"), "the same as at first");
        Assert.That(next.RefreshToken, Is.Not.Null);
    }

    [TestCase("scim accounts.read")]
    [TestCase("everything")]
    public async Task A_refresh_with_a_wider_scope_is_refused(string scope)
    {
        var tokens = await client.Tokens();

        using var refused = await client.Post(
            AuthServerPaths.Token,
            ("grant_type", "refresh_token"), ("refresh_token", tokens.RefreshToken!), ("scope", scope));

        Assert.That((int)refused.StatusCode, Is.EqualTo(400));
        Assert.That((await refused.Json()).GetProperty("error").GetString(), Is.EqualTo("invalid_scope"));
        Assert.That((await client.Refresh(tokens.RefreshToken!)).RefreshToken, Is.Not.Null);
    }

    [TestCase(null, 200)]
    [TestCase("scim", 200)]
    [TestCase("accounts.read", 400)]
    [TestCase("everything", 400)]
    public async Task Client_credentials_and_exchange_report_the_scope_too(string? scope, int status)
    {
        (string, string)[] wanted = scope is null ? [] : [("scope", scope)];
        var subject = await client.ClientCredentialsToken();

        foreach (var grant in new (string, string)[][]
        {
            [("grant_type", "client_credentials")],
            [
                ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("subject_token", subject),
                ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
            ],
        })
        {
            using var answer = await client.Post(AuthServerPaths.Token, [.. grant, .. wanted]);
            Assert.That((int)answer.StatusCode, Is.EqualTo(status), await answer.Content.ReadAsStringAsync());
            if (status == 200)
                Assert.That((await answer.Json()).GetProperty("scope").GetString(), Is.EqualTo("scim"));
            else
                Assert.That((await answer.Json()).GetProperty("error").GetString(), Is.EqualTo("invalid_scope"));
        }
    }

    private async Task<string> Push(string request)
    {
        var query = System.Web.HttpUtility.ParseQueryString(
            request[(request.IndexOf('?', StringComparison.Ordinal) + 1)..]);
        using var pushed = await client.Post(
            "connect/par",
            [.. from name in query.AllKeys from value in query.GetValues(name) ?? [] where name != "client_id" select (name, value)]);
        var requestUri = (await pushed.Json()).GetProperty("request_uri").GetString()!;
        return $"/connect/authorize?client_id={client.Issued.Set.ClientId}&request_uri={Uri.EscapeDataString(requestUri)}";
    }

    private static async Task<Tokens> Read(HttpResponseMessage response)
    {
        using (response)
        {
            Assert.That((int)response.StatusCode, Is.EqualTo(200), await response.Content.ReadAsStringAsync());
            return (await response.Content.ReadFromJsonAsync<Tokens>())!;
        }
    }
}
