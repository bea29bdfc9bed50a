using System.Security.Cryptography;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Duende.IdentityModel;
using Duende.IdentityModel.Client;
using Microsoft.Playwright;

namespace EndToEnd.Tests;

/// <summary>A third-party client library, which starts with only the SCIM Base URL.</summary>
internal sealed partial class RealClientTests : EndToEndTest
{
    private const string AccessToken = OidcConstants.TokenTypeIdentifiers.AccessToken;

    [Test]
    public async Task The_library_discovers_the_server_and_completes_every_flow()
    {
        using var http = new HttpClient();
        var server = await Discover(http);
        var customer = await Customer.Open(Local);
        var portal = await SignIn(customer);
        using var callback = new Callback();
        var client = await portal.GenerateClient(callback.Uri);

        var verifier = CryptoRandom.CreateUniqueId(32);
        var pushed = await http.PushAuthorizationAsync(Prepare(client, new PushedAuthorizationRequest
        {
            Address = server.PushedAuthorizationRequestEndpoint,
            ResponseType = OidcConstants.ResponseTypes.Code,
            RedirectUri = callback.Uri,
            State = "xyz",
            CodeChallenge = Base64Url(SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(verifier))),
            CodeChallengeMethod = OidcConstants.CodeChallengeMethods.Sha256,
            Resource = { Local.ScimBaseUrl },
        }));
        Assert.That(pushed.IsError, Is.False, pushed.Raw);

        var code = await Allow(portal, callback, new RequestUrl(server.AuthorizeEndpoint!).CreateAuthorizeUrl(
            client.ClientId, requestUri: pushed.RequestUri));
        var tokens = await http.RequestAuthorizationCodeTokenAsync(Prepare(client, new AuthorizationCodeTokenRequest
        {
            Address = server.TokenEndpoint, Code = code, RedirectUri = callback.Uri, CodeVerifier = verifier,
        }));
        Assert.That(tokens.IsError, Is.False, tokens.Raw);
        await RequireProvisions(tokens.AccessToken);

        var refreshed = await http.RequestRefreshTokenAsync(Prepare(client, new RefreshTokenRequest
        {
            Address = server.TokenEndpoint, RefreshToken = tokens.RefreshToken!,
        }));
        Assert.That(refreshed.IsError, Is.False, refreshed.Raw);
        var own = await http.RequestClientCredentialsTokenAsync(Prepare(client, new ClientCredentialsTokenRequest
        {
            Address = server.TokenEndpoint, Scope = "scim", Resource = { Local.ScimBaseUrl },
        }));
        Assert.That(own.IsError, Is.False, own.Raw);
        var traded = await http.RequestTokenExchangeTokenAsync(Prepare(client, new TokenExchangeTokenRequest
        {
            Address = server.TokenEndpoint, SubjectToken = refreshed.AccessToken!, SubjectTokenType = AccessToken,
        }));
        Assert.That(traded.IsError, Is.False, traded.Raw);
        Assert.That(traded.IssuedTokenType, Is.EqualTo(AccessToken));
        foreach (var token in new[] { refreshed, own, traded })
            await RequireProvisions(token.AccessToken);

        var told = await Introspect(http, server, refreshed.AccessToken!);
        Assert.That(
            (told.IsActive, told.ClientId, told.Scopes),
            Is.EqualTo((true, client.ClientId, new[] { "scim", "offline_access" })));

        var revoked = await http.RevokeTokenAsync(Prepare(client, new TokenRevocationRequest
        {
            Address = server.RevocationEndpoint, Token = refreshed.RefreshToken!, TokenTypeHint = "refresh_token",
        }));
        Assert.That(revoked.IsError, Is.False);
        foreach (var dead in new[] { refreshed, traded })
            Assert.That(
                (await Local.Scim($"Bearer {dead.AccessToken}").Test()).Status,
                Is.EqualTo(System.Net.HttpStatusCode.Unauthorized));
        Assert.That((await Introspect(http, server, refreshed.AccessToken!)).IsActive, Is.False);
        await RequireProvisions(own.AccessToken);
    }

    [Test]
    public async Task A_vault_exchanges_the_pasted_token_for_one_of_an_hour_without_other_credentials()
    {
        using var http = new HttpClient();
        var server = await Discover(http);
        var token = await (await Customer.Open(Local)).GenerateToken();

        var traded = await http.RequestTokenExchangeTokenAsync(new TokenExchangeTokenRequest
        {
            Address = server.TokenEndpoint,
            SubjectToken = token,
            SubjectTokenType = AccessToken,
            ClientCredentialStyle = ClientCredentialStyle.PostBody,
        });

        Assert.That(traded.IsError, Is.False, traded.Raw);
        Assert.That(traded.ExpiresIn, Is.InRange(3500, 3600));
        await RequireProvisions(traded.AccessToken);
    }

    /// <summary>
    /// From the 401 response of a resource server to its metadata (RFC 9728 §5) and that of the authorization server.
    /// </summary>
    private static async Task<DiscoveryDocumentResponse> Discover(HttpClient http)
    {
        using var refused = await http.GetAsync(new Uri($"{Local.ScimBaseUrl}/Users"));
        var address = ResourceMetadata().Match(refused.Headers.WwwAuthenticate.ToString()).Groups[1].Value;
        var resource = JsonNode.Parse(await http.GetStringAsync(new Uri(address)))!;
        Assert.That((string?)resource["resource"], Is.EqualTo(Local.ScimBaseUrl));

        var policy = new DiscoveryPolicy { RequireHttps = false };
        var server = await http.GetDiscoveryDocumentAsync(new DiscoveryDocumentRequest
        {
            Address = (string)resource["authorization_servers"]!.AsArray().Single()!, Policy = policy,
        });
        Assert.That(server.IsError, Is.False, server.Error);
        return server;
    }

    /// <summary>
    /// Authenticates as <c>Scim.Api</c> with its key, with an assertion without a <c>typ</c>, as most
    /// libraries create it.
    /// </summary>
    private static async Task<TokenIntrospectionResponse> Introspect(
        HttpClient http, DiscoveryDocumentResponse server, string token)
    {
        using var key = ECDsa.Create();
        key.ImportFromPem(await File.ReadAllTextAsync(Path.Combine(Local.Data, "scim-client.pem")));
        var jwks = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Local.Data, "scim-client.jwks")))!;
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var signed = $"{Part(new() { ["alg"] = "ES256", ["kid"] = (string?)jwks["keys"]![0]!["kid"] })}."
            + Part(new()
            {
                ["iss"] = "scim", ["sub"] = "scim", ["aud"] = server.Issuer, ["jti"] = Guid.NewGuid().ToString(),
                ["iat"] = now, ["exp"] = now + 60,
            });
        var signature = key.SignData(System.Text.Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256);
        var told = await http.IntrospectTokenAsync(new TokenIntrospectionRequest
        {
            Address = server.IntrospectionEndpoint,
            ClientId = "scim",
            ClientAssertion = new() { Type = OidcConstants.ClientAssertionTypes.JwtBearer, Value = $"{signed}.{Base64Url(signature)}" },
            ClientCredentialStyle = ClientCredentialStyle.PostBody,
            Token = token,
        });
        Assert.That(told.IsError, Is.False, told.Raw);
        return told;
    }

    private static string Part(JsonObject part) => Base64Url(System.Text.Encoding.UTF8.GetBytes(part.ToJsonString()));

    private static T Prepare<T>(OAuthClient client, T request)
        where T : ProtocolRequest
    {
        request.ClientId = client.ClientId;
        request.ClientSecret = client.ClientSecret;
        return request;
    }

    private static async Task<string> Allow(Portal portal, Callback callback, string address)
    {
        await portal.Page.GotoAsync(address);
        var arrived = callback.Receive();
        await portal.Page.GetByRole(AriaRole.Button, new() { Name = "Allow" }).ClickAsync();
        var back = await arrived;
        Assert.That(back["state"], Is.EqualTo("xyz"));
        return back["code"]!;
    }

    private static async Task RequireProvisions(string? token)
    {
        using var scim = Local.Scim($"Bearer {token}");
        var created = await scim.Create($"{Guid.NewGuid():N}@customer.example");
        Assert.That(created.Status, Is.EqualTo(System.Net.HttpStatusCode.Created), created.ToString());
    }

    private static string Base64Url(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);

    [GeneratedRegex("resource_metadata=\"([^\"]+)\"")]
    private static partial Regex ResourceMetadata();
}
