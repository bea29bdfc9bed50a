using System.Net;
using System.Text.Json;

namespace Scim.Api.AuthServer;

/// <summary>
/// Sends a request to Auth.Server and reads the whole response: only JSON, only up to a maximum size, no redirects.
/// Anything that is not a definite answer is an <see cref="AuthServerFault"/>.
/// </summary>
internal sealed class AuthServerConnection(int maxResponseSize = AuthServerConnection.DefaultMaxResponseSize)
    : IDisposable
{
    private const int DefaultMaxResponseSize = 64 * 1024;

    // "true" is not true, a missing member does not mean its default, and a duplicate member is an error.
    private static readonly JsonSerializerOptions Strict = new()
    {
        AllowDuplicateProperties = false,
        RespectNullableAnnotations = true,
    };

    // Auth.Server is on the internal network: no proxy in between, and tokens are sent to this address only.
    private readonly HttpClient http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
    })
    {
        MaxResponseContentBufferSize = maxResponseSize,
        Timeout = Timeout.InfiniteTimeSpan,
    };

    public void Dispose() => http.Dispose();

    public async Task<T> Send<T>(HttpRequestMessage request, CancellationToken cancellation)
        where T : class
    {
        using var response = await Send(request, cancellation);
        if (response.StatusCode != HttpStatusCode.OK)
            throw AuthServerFault.OfStatus(response.StatusCode);
        if (response.Content.Headers.ContentType?.MediaType is not "application/json")
            throw AuthServerFault.OfAnswer("its media type is not application/json");
        try
        {
            var json = await response.Content.ReadAsByteArrayAsync(cancellation);
            return JsonSerializer.Deserialize<T>(json, Strict) ?? throw AuthServerFault.OfAnswer("it is null");
        }
        catch (JsonException malformed)
        {
            throw AuthServerFault.OfAnswer("it is not the expected JSON", malformed);
        }
    }

    private async Task<HttpResponseMessage> Send(HttpRequestMessage request, CancellationToken cancellation)
    {
        try
        {
            return await http.SendAsync(request, cancellation);
        }
        catch (HttpRequestException tooLarge)
            when (tooLarge.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded)
        {
            throw AuthServerFault.OfAnswer($"it is larger than {maxResponseSize / 1024} KB");
        }
        catch (HttpRequestException failed)
        {
            throw AuthServerFault.OfTransport(failed);
        }
    }
}
