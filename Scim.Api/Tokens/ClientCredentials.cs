using System.Text.Json.Serialization;
using Microsoft.Extensions.Options;
using Shared.Contracts;

namespace Scim.Api.Tokens;

/// <summary>Gets tokens of this server's own by client credentials (RFC 6749 §4.4), with the client's key.</summary>
internal sealed class ClientCredentials(
    AuthServerConnection authServer, ClientAssertion assertion, IOptions<AuthServerOptions> server)
{
    public async Task<Token> GetToken(string scope, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(
            HttpMethod.Post, new Uri(server.Value.BaseAddress, AuthServerPaths.Token));
        request.Content = new FormUrlEncodedContent(
            [new("grant_type", "client_credentials"), new("scope", scope), .. assertion.Parameters()]);
        return await authServer.Send<Token>(request, cancellation);
    }

    /// <summary>The answer (RFC 6749 §5.1), as far as it is read.</summary>
    public sealed record Token
    {
        [JsonPropertyName("access_token"), JsonRequired]
        public required string Value { get; init; }

        /// <summary>Seconds.</summary>
        [JsonPropertyName("expires_in")]
        public long? ExpiresIn { get; init; }
    }
}
