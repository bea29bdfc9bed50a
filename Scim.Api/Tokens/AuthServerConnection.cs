using System.Net;
using System.Text.Json;

namespace Scim.Api.Tokens;

/// <summary>
/// Sends a request to the authorization server and reads its answer to the end: JSON and nothing else, no larger than it
/// may be, no redirects. Whatever is not a clear answer is an <see cref="AuthServerFault"/>.
/// </summary>
internal sealed class AuthServerConnection(int largestAnswer = AuthServerConnection.UsualAnswer) : IDisposable
{
    private const int UsualAnswer = 64 * 1024;

    // "true" is not true, a missing member is not its default, and of two members with one name neither is believed.
    private static readonly JsonSerializerOptions Strict = new()
    {
        AllowDuplicateProperties = false,
        RespectNullableAnnotations = true,
    };

    // A neighbour on the inner network: no proxy in between, and a token goes to this address and to no other.
    private readonly HttpClient http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
    })
    {
        MaxResponseContentBufferSize = largestAnswer,
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
            throw AuthServerFault.OfAnswer("it is not the JSON that was expected", malformed);
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
            throw AuthServerFault.OfAnswer($"it is larger than {largestAnswer / 1024} KB");
        }
        catch (HttpRequestException failed)
        {
            throw AuthServerFault.OfTransport(failed);
        }
    }
}
