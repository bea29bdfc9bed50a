using Shared.Contracts;

namespace Auth.Server.Tests.Connect;

/// <summary>
/// Resource indicators (RFC 8707): only the SCIM resource is accepted, wherever a client can send one. Any other one,
/// even if malformed, is <c>invalid_target</c>.
/// </summary>
[Category("AnyDatabase")]
internal sealed class ResourceIndicatorsTests
{
    private const string Scim = "http://localhost:5002/scim/v2";

    private AuthServer server = null!;
    private AllowedClient client = null!;

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

    [Test]
    public async Task At_the_token_endpoint_and_in_pushed_requests(
        [Values(
            "client_credentials", "code", "code that named it", "refresh", "refresh that named it", "exchange",
            "pushed")]
        string grant,
        [Values(Scim, Scim + " " + Scim, "https://elsewhere.example/", Scim + " https://elsewhere.example/", "nonsense", "/scim/v2",
            Scim + "#x", Scim + "/Users", "http://LOCALHOST:5002/scim/v2", "urn:scim")] string resources)
    {
        (string, string)[] named = [.. resources.Split(' ').Select(resource => ("resource", resource))];

        using var answer = await Ask(grant, named);

        var isGood = named.All(resource => resource.Item2 == Scim);
        Assert.That(
            (int)answer.StatusCode, isGood ? Is.InRange(200, 201) : Is.EqualTo(400),
            await answer.Content.ReadAsStringAsync());
        if (!isGood)
            Assert.That((await answer.Json()).GetProperty("error").GetString(), Is.EqualTo("invalid_target"));
    }

    private async Task<HttpResponseMessage> Ask(string grant, (string, string)[] resources)
    {
        var request = client.Request(
            grant.EndsWith("named it", StringComparison.Ordinal) ? $"&resource={Uri.EscapeDataString(Scim)}" : "");
        switch (grant.Split(' ')[0])
        {
            case "client_credentials":
                return await client.Post(AuthServerPaths.Token, [("grant_type", "client_credentials"), .. resources]);
            case "code":
                return await client.Post(
                    AuthServerPaths.Token,
                    [
                        ("grant_type", "authorization_code"), ("code", await client.Code(request)),
                        ("redirect_uri", AllowedClient.RedirectUri), .. resources,
                    ]);
            case "refresh":
                using (var first = await client.Redeem(await client.Code(request)))
                {
                    var token = (await first.Json()).GetProperty("refresh_token").GetString()!;
                    return await client.Post(
                        AuthServerPaths.Token,
                        [("grant_type", "refresh_token"), ("refresh_token", token), .. resources]);
                }
            case "exchange":
                return await client.Post(
                    AuthServerPaths.Token,
                    [
                        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
                        ("subject_token", await client.ClientCredentialsToken()),
                        ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"), .. resources,
                    ]);
            default:
                return await client.Post(
                    "connect/par",
                    [("response_type", "code"), ("redirect_uri", AllowedClient.RedirectUri), .. resources]);
        }
    }
}
