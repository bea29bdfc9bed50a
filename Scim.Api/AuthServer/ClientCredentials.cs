using System.Text.Json.Serialization;
using Microsoft.Extensions.Options;
using Shared.Contracts;

namespace Scim.Api.AuthServer;

/// <summary>Obtains access tokens for this server itself with the client credentials grant (RFC 6749 §4.4).</summary>
internal sealed class ClientCredentials(
    AuthServerConnection authServer, ClientAssertion assertion, IOptions<AuthServerOptions> server)
{
    public async Task<Token> GetToken(string scope, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(
            HttpMethod.Post, new Uri(server.Value.BaseAddress, AuthServerPaths.Token));
        request.Content = new FormUrlEncodedContent(
            [new("grant_type", "client_credentials"), new("scope", scope), .. assertion.ParametersForOneRequest()]);
        return await authServer.Send<Token>(request, cancellation);
    }

    /// <summary>The members of the response (RFC 6749 §5.1) that are read.</summary>
    public sealed record Token
    {
        [JsonPropertyName("access_token"), JsonRequired]
        public required string Value { get; init; }

        /// <summary>Seconds.</summary>
        [JsonPropertyName("expires_in")]
        public long? ExpiresIn { get; init; }
    }
}
