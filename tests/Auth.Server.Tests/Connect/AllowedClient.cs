using System.Net.Http.Json;
using System.Text.Json.Serialization;
using System.Web;
using Auth.Server.Accounts;
using Auth.Server.Credentials;
using Auth.Server.Issuance;
using Auth.Server.Tests.Pages;
using Shared.Contracts;

namespace Auth.Server.Tests.Connect;

/// <summary>A client whose administrator allows every request.</summary>
internal sealed class AllowedClient : IDisposable
{
    public const string RedirectUri = "https://client.example/callback";

    private readonly AuthServer server;
    private readonly HttpClient http;
    private readonly Browser browser;

    private AllowedClient(AuthServer server, Account account, IssuedCredentials issued, Browser browser) =>
        (this.server, Account, Issued, this.browser, http) = (server, account, issued, browser, server.CreateClient());

    public Account Account { get; }

    public IssuedCredentials Issued { get; }

    public static async Task<AllowedClient> Of(
        AuthServer server, bool requirePkce = false, TimeSpan? lifetime = null)
    {
        var account = await server.CreateAccount();
        await server.CreateAdministrator(account);
        var issued = await server.With((CredentialIssuer issuer) => issuer.Generate(
            new(
                account.Id, null, CredentialMethods.OAuth2, TestOperations.Actor(), lifetime, [RedirectUri],
                RequirePkce: requirePkce),
            CancellationToken.None));
        return new(server, account, issued, await Browser.SignedIn(server));
    }

    /// <summary>The URL to which a client sends the administrator's browser.</summary>
    public string Request(string parameters = "") =>
        $"/connect/authorize?response_type=code&client_id={Issued.Set.ClientId}"
        + $"&redirect_uri={Uri.EscapeDataString(RedirectUri)}{parameters}";

    public Task<Page> Ask(string? request = null) => browser.Open(request ?? Request());

    /// <summary>Obtains a code, with the administrator's consent.</summary>
    public async Task<string> Code(string? request = null)
    {
        var asked = await Ask(request);
        // After a while, the administrator must sign in again.
        if (asked.Location?.StartsWith("/sign-in", StringComparison.Ordinal) == true)
        {
            await browser.Submit(
                await browser.Follow(
                    asked), "Sign in", ("email", "ada@example.com"), ("password", AuthServer.Password));
            asked = await Ask(request);
        }
        var allowed = await browser.Submit(asked, "Allow");
        if (allowed.Location?.StartsWith("/security/confirm", StringComparison.Ordinal) == true)
        {
            var confirmed = await browser.Submit(
                await browser.Follow(allowed), "Confirm", ("password", AuthServer.Password));
            allowed = await browser.Submit(await browser.Follow(confirmed), "Allow");
        }
        Assert.That(allowed.Location, Does.StartWith($"{RedirectUri}?"), allowed.Html);
        return HttpUtility.ParseQueryString(new Uri(allowed.Location!).Query)["code"]!;
    }

    /// <summary>Obtains tokens, with the administrator's consent.</summary>
    public async Task<Tokens> Tokens() => await Read(await Redeem(await Code()));

    public Task<HttpResponseMessage> Redeem(string code) =>
        Post(
            AuthServerPaths.Token, ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", RedirectUri));

    public Task<HttpResponseMessage> TryRefresh(string refreshToken, AuthServer? node = null) =>
        Post(node ?? server, AuthServerPaths.Token, ("grant_type", "refresh_token"), ("refresh_token", refreshToken));

    public async Task<Tokens> Refresh(string refreshToken, AuthServer? node = null) =>
        await Read(await TryRefresh(refreshToken, node));

    public Task<string> ClientCredentialsToken() =>
        http.ClientCredentialsToken(Issued.Set.ClientId!, Issued.ClientSecret!);

    /// <summary>A request with the client's credentials.</summary>
    public Task<HttpResponseMessage> Post(string path, params (string Name, string Value)[] form) =>
        http.Send(path, OAuthClient.Basic(Issued.Set.ClientId, Issued.ClientSecret), form);

    /// <summary>The same request, sent to another node.</summary>
    public Task<HttpResponseMessage> Post(AuthServer node, string path, params (string Name, string Value)[] form) =>
        http.Send(
            new Uri(node.Address, path).AbsoluteUri, OAuthClient.Basic(Issued.Set.ClientId, Issued.ClientSecret), form);

    public void Dispose()
    {
        browser.Dispose();
        http.Dispose();
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

/// <summary>A successful token response (RFC 6749 §5.1).</summary>
internal sealed record Tokens(
    [property: JsonPropertyName("access_token")] string AccessToken,
    [property: JsonPropertyName("refresh_token")] string? RefreshToken,
    [property: JsonPropertyName("expires_in")] long ExpiresIn,
    [property: JsonPropertyName("scope")] string? Scope,
    [property: JsonPropertyName("token_type")] string? TokenType,
    [property: JsonPropertyName("issued_token_type")] string? IssuedTokenType);
