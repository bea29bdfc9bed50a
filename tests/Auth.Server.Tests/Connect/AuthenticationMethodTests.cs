using System.Text;
using Auth.Server.Credentials;
using Auth.Server.Issuance;
using Microsoft.IdentityModel.Tokens;
using Shared.Contracts;

namespace Auth.Server.Tests.Connect;

/// <summary>How clients authenticate at each endpoint, and that the metadata (RFC 8414 §2) says so.</summary>
internal sealed class AuthenticationMethodTests
{
    private const string AssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

    private AuthServer server = null!;
    private ResourceServer scim = null!;
    private HttpClient http = null!;
    private IssuedCredentials withSecret = null!;
    private IssuedCredentials withKey = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        server = await AuthServer.Start();
        scim = await ResourceServer.Register(server);
        http = server.CreateClient();
        withSecret = await server.Generate(
            await server.CreateAccount("secret"), CredentialMethods.OAuth2, AllowedClient.RedirectUri);
        var account = await server.CreateAccount("key");
        withKey = await server.With((CredentialIssuer issuer) => issuer.Generate(
            new(
                account.Id, null, CredentialMethods.OAuth2, TestOperations.Actor(),
                RedirectUris: [AllowedClient.RedirectUri], Jwks: scim.Jwks),
            CancellationToken.None));
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        http.Dispose();
        scim.Dispose();
        await server.DisposeAsync();
    }

    [Test]
    public async Task A_method_works_only_where_the_metadata_lists_it(
        [Values("token", "revocation", "pushed_authorization_request", "introspection")] string endpoint,
        [Values("none", "client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt")] string method)
    {
        using var answer = await http.GetAsync(new Uri(".well-known/oauth-authorization-server", UriKind.Relative));
        var metadata = await answer.Json();
        var named = metadata.GetProperty($"{endpoint}_endpoint_auth_methods_supported").EnumerateArray()
            .Select(name => name.GetString()).ToList();

        using var response = await http.Send(
            new Uri(metadata.GetProperty($"{endpoint}_endpoint").GetString()!).AbsolutePath[1..],
            method == "client_secret_basic"
                ? OAuthClient.Basic(withSecret.Set.ClientId, withSecret.ClientSecret)
                : null,
            [.. RequestTo(endpoint, method), .. ProofBy(method, endpoint)]);

        Assert.That(
            response.IsSuccessStatusCode, Is.EqualTo(named.Contains(method)),
            await response.Content.ReadAsStringAsync());
    }

    private (string, string)[] RequestTo(string endpoint, string method) => endpoint switch
    {
        "token" => [("grant_type", "client_credentials")],
        "pushed_authorization_request" when method == "private_key_jwt" =>
        [
            // A pushed request contains the client id, however the client authenticates.
            ("client_id", withKey.Set.ClientId!), ("response_type", "code"),
            ("redirect_uri", AllowedClient.RedirectUri),
        ],
        "pushed_authorization_request" => [("response_type", "code"), ("redirect_uri", AllowedClient.RedirectUri)],
        _ => [("token", "unknown")],
    };

    private (string, string)[] ProofBy(string method, string endpoint) => method switch
    {
        "none" => [("client_id", withSecret.Set.ClientId!)],
        "client_secret_post" => [("client_id", withSecret.Set.ClientId!), ("client_secret", withSecret.ClientSecret!)],
        "client_secret_jwt" => Assertion(OAuthClient.Assertion(
            server, withSecret.Set.ClientId!,
            new(
                new SymmetricSecurityKey(Encoding.ASCII.GetBytes(withSecret.ClientSecret!)),
                SecurityAlgorithms.HmacSha256))),
        "private_key_jwt" =>
            Assertion(endpoint == "introspection" ? scim.Assertion() : scim.Assertion(withKey.Set.ClientId!)),
        _ => [],
    };

    private static (string, string)[] Assertion(string assertion) =>
        [("client_assertion_type", AssertionType), ("client_assertion", assertion)];
}
