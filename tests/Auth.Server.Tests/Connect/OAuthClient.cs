using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Auth.Server.Connect;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Shared.Contracts;

namespace Auth.Server.Tests.Connect;

/// <summary>The requests that clients and resource servers make, as they look on the wire.</summary>
internal static class OAuthClient
{
    /// <summary>A token request with the client's secret in the header (RFC 6749 §2.3.1).</summary>
    public static Task<HttpResponseMessage> RequestToken(
        this HttpClient http, string? clientId, string? clientSecret, params (string Name, string Value)[] form) =>
        http.Send(AuthServerPaths.Token, Basic(clientId, clientSecret), form);

    public static async Task<string> ClientCredentialsToken(this HttpClient http, string clientId, string clientSecret)
    {
        using var response = await http.RequestToken(clientId, clientSecret, ("grant_type", "client_credentials"));
        return (await response.Json()).GetProperty("access_token").GetString()!;
    }

    public static async Task<JsonElement> Json(this HttpResponseMessage response) =>
        JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;

    public static Task<HttpResponseMessage> Send(
        this HttpClient http, string path, AuthenticationHeaderValue? authorization,
        params (string Name, string Value)[] form) =>
        http.SendAsync(new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.RelativeOrAbsolute))
        {
            Headers = { Authorization = authorization },
            Content = new FormUrlEncodedContent(form.Select(field => KeyValuePair.Create(field.Name, field.Value))),
        });

    /// <summary>A client assertion (RFC 7523 §2.2) that is valid for a minute.</summary>
    public static string Assertion(AuthServer server, string clientId, SigningCredentials credentials)
    {
        var now = server.Time.GetUtcNow().UtcDateTime;
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }
            .CreateToken(new SecurityTokenDescriptor
        {
            Issuer = clientId,
            Audience = AuthServer.PublicUrl.AbsoluteUri,
            Claims = new Dictionary<string, object> { ["sub"] = clientId, ["jti"] = Guid.NewGuid().ToString() },
            IssuedAt = now,
            Expires = now.AddMinutes(1),
            TokenType = "client-authentication+jwt",
            SigningCredentials = credentials,
        });
    }

    public static AuthenticationHeaderValue? Basic(string? id, string? secret) => id is null
        ? null
        : new(
            "Basic",
            Convert.ToBase64String(
                Encoding.UTF8.GetBytes($"{Uri.EscapeDataString(id)}:{Uri.EscapeDataString(secret!)}")));
}

/// <summary>A resource server, or another client with a key, that is registered at a server under test.</summary>
internal sealed class ResourceServer : IDisposable
{
    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly HttpClient http;
    private readonly AuthServer server;
    private string name = "";

    private ResourceServer(AuthServer server) => (this.server, http) = (server, server.CreateClient());

    /// <summary>The public key, as a JWK set.</summary>
    public string Jwks => JsonSerializer.Serialize(new { keys = new[] { PublicJwk() } });

    /// <summary>Registers a resource server, replacing an earlier one of the same name.</summary>
    public static Task<ResourceServer> Register(AuthServer server, string name = Audiences.Scim) =>
        Register(server, jwks => server.With<ResourceServers, string>(async servers =>
        {
            await servers.Add(name, jwks, replace: true, TestOperations.Actor(), CancellationToken.None);
            return name;
        }));

    /// <summary>Registers a client with its public keys; the given function returns its client id.</summary>
    public static async Task<ResourceServer> Register(AuthServer server, Func<string, Task<string>> register)
    {
        var client = new ResourceServer(server);
        client.name = await register(client.Jwks);
        return client;
    }

    public Task<HttpResponseMessage> Post(string path, params (string Name, string Value)[] form) =>
        Post(http, path, form);

    private Task<HttpResponseMessage> Post(
        HttpClient node, string path, params (string Name, string Value)[] form) => node.Send(
        path,
        null,
        [
            .. form,
            ("client_id", name),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", Assertion()),
        ]);

    /// <summary>Introspects a token, at the server or another node of it.</summary>
    public Task<TokenIntrospection> Introspect(string token, HttpClient? node = null) =>
        Introspect(node, ("token", token));

    /// <summary>The same, with additional parameters.</summary>
    public async Task<TokenIntrospection> Introspect(
        HttpClient? node, params (string Name, string Value)[] form)
    {
        using var response = await Post(node ?? http, AuthServerPaths.Introspection, form);
        Assert.That((int)response.StatusCode, Is.EqualTo(200), await response.Content.ReadAsStringAsync());
        return JsonSerializer.Deserialize<TokenIntrospection>(await response.Content.ReadAsStringAsync())!;
    }

    public string Assertion() => Assertion(name);

    /// <summary>A client assertion signed with this key.</summary>
    public string Assertion(string clientId) => OAuthClient.Assertion(
        server, clientId, new(new ECDsaSecurityKey(key) { KeyId = "k1" }, SecurityAlgorithms.EcdsaSha256));

    public void Dispose()
    {
        http.Dispose();
        key.Dispose();
    }

    private object PublicJwk()
    {
        var point = key.ExportParameters(false).Q;
        return new
        {
            kty = "EC",
            crv = "P-256",
            kid = "k1",
            use = "sig",
            x = Base64UrlEncoder.Encode(point.X),
            y = Base64UrlEncoder.Encode(point.Y),
        };
    }
}
