using System.Security.Cryptography;
using System.Text;
using Microsoft.IdentityModel.Tokens;
using Shared.Contracts;

namespace Auth.Server.Tests.Connect;

/// <summary>Parameters that an endpoint does not know or does not need are ignored (RFC 6749 §3.1, §3.2).</summary>
internal sealed class RequestParametersTests
{
    private static readonly string verifier = new('v', 43);
    private static readonly string challenge = Base64UrlEncoder.Encode(
        SHA256.HashData(Encoding.ASCII.GetBytes(verifier)));

    // Parameters that are unknown, from OpenID Connect, or from other grant types, each with an invalid value.
    private static readonly (string Name, string Value)[] foreign =
    [
        ("x", "1"), ("nonce", "n"), ("max_age", "nonsense"), ("id_token_hint", "nonsense"), ("acr_values", "a"),
        ("claims", "{"),
        ("audience", "https://elsewhere.example/"), ("username", "u"), ("password", "p"), ("device_code", "d"),
        ("assertion", "a"), ("response_type", "token"), ("state", "s"), ("code_challenge", "short"),
        ("login_hint", "l"),
        ("scope", "everything"), ("code", "c"), ("code_verifier", "short"), ("refresh_token", "r"),
        ("redirect_uri", "https://elsewhere.example/"), ("subject_token", "s"), ("subject_token_type", "nonsense"),
        ("actor_token_type", "nonsense"), ("requested_token_type", "nonsense"), ("token", "t"), ("access_token", "a"),
        ("prompt", "nonsense"), ("request", "r"), ("request_uri", "https://elsewhere.example/"), ("registration", "r"),
        ("response_mode", "nonsense"), ("display", "d"), ("ui_locales", "l"), ("grant_type", "nonsense"),
    ];

    private static readonly string[] authorizationParameters =
    [
        "client_id", "code_challenge", "code_challenge_method", "prompt", "redirect_uri", "request", "request_uri",
        "resource",
        "response_mode", "response_type", "scope", "state",
    ];

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

    [TestCase("client_credentials", "grant_type scope")]
    [TestCase("authorization_code", "grant_type code code_verifier redirect_uri")]
    [TestCase("refresh_token", "grant_type refresh_token scope")]
    [TestCase("urn:ietf:params:oauth:grant-type:token-exchange",
        "grant_type scope audience subject_token subject_token_type requested_token_type actor_token_type")]
    public async Task At_the_token_endpoint(string grantType, string read)
    {
        foreach (var times in new[] { 1, 2 })
        {
            (string, string)[] form =
            [
                .. await Grant(grantType),
                .. foreign.Where(field => !read.Split(' ').Contains(field.Name)).SelectMany(
                    f => Enumerable.Repeat(f, times)),
            ];
            using var answer = await client.Post(AuthServerPaths.Token, form);
            Assert.That((int)answer.StatusCode, Is.EqualTo(200), await answer.Content.ReadAsStringAsync());
        }
    }

    [TestCase("client_credentials", "grant_type")]
    [TestCase("client_credentials", "scope")]
    [TestCase("client_credentials", "client_id")]
    [TestCase("authorization_code", "grant_type")]
    [TestCase("authorization_code", "code")]
    [TestCase("authorization_code", "redirect_uri")]
    [TestCase("authorization_code", "client_id")]
    [TestCase("refresh_token", "refresh_token")]
    [TestCase("refresh_token", "scope")]
    [TestCase("refresh_token", "client_id")]
    [TestCase("urn:ietf:params:oauth:grant-type:token-exchange", "subject_token")]
    [TestCase("urn:ietf:params:oauth:grant-type:token-exchange", "subject_token_type")]
    public async Task A_parameter_that_is_read_must_not_be_repeated(string grantType, string repeated)
    {
        (string Name, string Value)[] form =
            [.. await Grant(grantType), ("client_id", client.Issued.Set.ClientId!)];
        var value = form.FirstOrDefault(field => field.Name == repeated).Value ?? "scim";

        using var answer = await client.Post(
            AuthServerPaths.Token,
            [.. form.Where(field => field.Name != repeated), (repeated, value), (repeated, value)]);

        Assert.That((int)answer.StatusCode, Is.EqualTo(400), await answer.Content.ReadAsStringAsync());
        Assert.That((await answer.Json()).GetProperty("error").GetString(), Is.EqualTo("invalid_request"));
    }

    [TestCase(1)]
    [TestCase(2)]
    public async Task At_the_authorization_endpoint(int times)
    {
        var request = client.Request("&state=s" + string.Concat(
            from field in foreign
            where !authorizationParameters.Contains(field.Name)
            from _ in Enumerable.Range(0, times)
            select $"&{field.Name}={Uri.EscapeDataString(field.Value)}"));

        Assert.That(await client.Code(request), Is.Not.Empty);
    }

    [TestCase(1)]
    [TestCase(2)]
    public async Task At_the_pushed_authorization_endpoint(int times)
    {
        using var pushed = await client.Post(
            "connect/par",
            [
                ("response_type", "code"), ("redirect_uri", AllowedClient.RedirectUri),
                .. foreign.Where(field => !authorizationParameters.Contains(field.Name))
                    .SelectMany(field => Enumerable.Repeat(field, times)),
            ]);

        Assert.That((int)pushed.StatusCode, Is.EqualTo(201), await pushed.Content.ReadAsStringAsync());
        var requestUri = (await pushed.Json()).GetProperty("request_uri").GetString()!;
        // Parameters in addition to a pushed request are ignored, too (RFC 9126 §4).
        Assert.That(
            await client.Code($"/connect/authorize?client_id={client.Issued.Set.ClientId}&scope=everything&x=1&x=2&redirect_uri=https%3A%2F%2Felsewhere.example%2F&state=a&state=b&request_uri={Uri.EscapeDataString(requestUri)}"),
            Is.Not.Empty);
    }

    [TestCase("connect/revoke", 1)]
    [TestCase("connect/revoke", 2)]
    [TestCase(AuthServerPaths.Introspection, 1)]
    [TestCase(AuthServerPaths.Introspection, 2)]
    public async Task At_the_revocation_and_introspection_endpoints(string path, int times)
    {
        var token = await client.ClientCredentialsToken();
        (string, string)[] form =
            [("token", token), .. foreign.Where(field => field.Name != "token").SelectMany(f => Enumerable.Repeat(f, times))];

        using var answer = path == AuthServerPaths.Introspection
            ? await scim.Post(path, form)
            : await client.Post(path, form);

        Assert.That((int)answer.StatusCode, Is.EqualTo(200), await answer.Content.ReadAsStringAsync());
        if (path == AuthServerPaths.Introspection)
            Assert.That((await answer.Json()).GetProperty("active").GetBoolean());
        else
            Assert.That((await scim.Introspect(token)).Active, Is.False);
    }

    [TestCase("connect/revoke", "token")]
    [TestCase("connect/revoke", "token_type_hint")]
    [TestCase(AuthServerPaths.Introspection, "token")]
    [TestCase(AuthServerPaths.Introspection, "node")]
    public async Task Their_parameters_must_not_be_repeated(string path, string repeated)
    {
        (string, string)[] form = [("token", "t"), (repeated, "t"), (repeated, "t")];

        using var answer = path == AuthServerPaths.Introspection
            ? await scim.Post(path, form)
            : await client.Post(path, form);

        Assert.That((int)answer.StatusCode, Is.EqualTo(400));
        Assert.That((await answer.Json()).GetProperty("error").GetString(), Is.EqualTo("invalid_request"));
    }

    [Test(Description = "RFC 6749 §3.1: as if it were missing.")]
    public async Task A_parameter_without_a_value_is_ignored()
    {
        var code = await client.Code(client.Request(
            "&scope=&code_challenge=&code_challenge_method=&prompt=&resource=&response_mode=&state=&state=s&request=&request_uri="));
        using var redeemed = await client.Post(
            AuthServerPaths.Token,
            ("grant_type", "authorization_code"), ("code", code), ("code", ""),
            ("redirect_uri", AllowedClient.RedirectUri),
            ("code_verifier", ""), ("client_id", ""), ("client_assertion", ""), ("client_secret", ""));

        Assert.That((int)redeemed.StatusCode, Is.EqualTo(200), await redeemed.Content.ReadAsStringAsync());
    }

    private async Task<(string Name, string Value)[]> Grant(string grantType) =>
        [("grant_type", grantType), .. grantType switch
    {
        "authorization_code" =>
        [
            ("code", await client.Code(client.Request($"&code_challenge={challenge}&code_challenge_method=S256"))),
            ("redirect_uri", AllowedClient.RedirectUri),
            ("code_verifier", verifier),
        ],
        "refresh_token" => [("refresh_token", (await client.Tokens()).RefreshToken!)],
        "client_credentials" => Array.Empty<(string, string)>(),
        _ =>
        [
            ("subject_token", await client.ClientCredentialsToken()),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
        ],
    }];
}
