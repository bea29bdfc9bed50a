using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;

namespace EndToEnd.Tests;

/// <summary>An identity provider's side of OAuth 2.0 (RFC 6749).</summary>
internal sealed record OAuthClient(LocalSystem System, string ClientId, string ClientSecret)
{
    /// <summary>How the client authenticates at the token endpoint (RFC 6749 §2.3.1).</summary>
    public bool SecretInBody { get; init; }

    /// <summary>The address to which an administrator is sent for consent.</summary>
    public string AuthorizeUrl(string redirectUri, string state, string? verifier = null)
    {
        var url = $"{System.AuthUrl}/connect/authorize?response_type=code&client_id={ClientId}"
            + $"&redirect_uri={Uri.EscapeDataString(redirectUri)}&state={state}";
        return verifier is null ? url : $"{url}&code_challenge_method=S256&code_challenge="
            + global::System.Buffers.Text.Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)));
    }

    public Task<Answer> Redeem(string code, string redirectUri, string? verifier = null) => Ask(
        ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirectUri),
        ("code_verifier", verifier));

    public Task<Answer> Refresh(string refreshToken) =>
        Ask(("grant_type", "refresh_token"), ("refresh_token", refreshToken));

    public Task<Answer> ClientCredentials() => Ask(("grant_type", "client_credentials"));

    private async Task<Answer> Ask(params (string Name, string? Value)[] parameters)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{System.AuthUrl}/connect/token");
        var form = parameters.Where(one => one.Value is not null)
            .Select(one => KeyValuePair.Create(one.Name, one.Value)).ToList();
        if (SecretInBody)
        {
            form.Add(new("client_id", ClientId));
            form.Add(new("client_secret", ClientSecret));
        }
        else
        {
            var pair = $"{WebUtility.UrlEncode(ClientId)}:{WebUtility.UrlEncode(ClientSecret)}";
            request.Headers.Authorization = new AuthenticationHeaderValue(
                "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(pair)));
        }

        request.Content = new FormUrlEncodedContent(form);
        using var response = await http.SendAsync(request);
        return await Answer.Read(response);
    }
}
