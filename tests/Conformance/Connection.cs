using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Conformance;

/// <summary>The outcome of a request. Without a response, <c>Status</c> is null and <c>Text</c> says why.</summary>
internal sealed record Reply(int? Status, string? MediaType, string Text, JsonNode? Json)
{
    public bool IsSuccess => Status is >= 200 and < 300;

    /// <summary>The status and what the server says about it.</summary>
    public string Detail => Status is null ? Text
        : Json is JsonObject error && error["detail"] is JsonValue detail ? $"{Status}: {detail}"
        : Text == "" ? $"{Status}" : $"{Status}: {(Text.Length > 200 ? Text[..200] + "…" : Text)}";
}

/// <summary>
/// Sends requests to a SCIM server as identity providers do. After 429, or 503 with <c>Retry-After</c>, the request is
/// sent again when the server asks for it, at most ten times, as Okta does.
/// </summary>
internal sealed class Connection(string baseUrl, string authorization) : IDisposable
{
    private const int Attempts = 10;
    private static readonly TimeSpan usualWait = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan longestWait = TimeSpan.FromMinutes(5);

    // Okta closes the socket after a minute. After a redirect, the token would be lost.
    private readonly HttpClient http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.All,
    })
    {
        Timeout = TimeSpan.FromSeconds(60),
    };

    /// <summary>The total of the pauses that the server asked for.</summary>
    public TimeSpan Waited { get; private set; }

    public async Task<Reply> Send(
        string method,
        string path,
        JsonNode? body,
        IEnumerable<(string Name, string Value)> headers,
        CancellationToken cancellation)
    {
        var known = headers.ToList();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                using var request = Request(method, path, body, known);
                using var response = await http.SendAsync(request, cancellation);
                if (attempt == Attempts || WaitFor(response) is not { } wait || wait > longestWait)
                    return await Read(response, cancellation);
                Waited += wait;
                await Task.Delay(wait, cancellation);
            }
            catch (Exception failed) when (failed is HttpRequestException or UriFormatException or IOException)
            {
                return new(null, null, $"no answer ({failed.Message})", null);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                return new(null, null, $"no answer within {http.Timeout.TotalSeconds} seconds", null);
            }
        }
    }

    public void Dispose() => http.Dispose();

    private HttpRequestMessage Request(
        string method, string path, JsonNode? body, List<(string Name, string Value)> headers)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), baseUrl.TrimEnd('/') + path);
        request.Headers.TryAddWithoutValidation("Authorization", authorization);
        if (body is not null)
        {
            var mediaType = headers.LastOrDefault(header => header.Name == "Content-Type").Value;
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body.ToJsonString()));
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(mediaType ?? "application/scim+json");
        }
        foreach (var (name, value) in headers.Where(header => header.Name != "Content-Type"))
        {
            request.Headers.Remove(name);
            request.Headers.TryAddWithoutValidation(name, value);
        }
        return request;
    }

    private static TimeSpan? WaitFor(HttpResponseMessage response)
    {
        var wanted = response.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - DateTimeOffset.UtcNow,
            _ => (TimeSpan?)null,
        };
        var wait = (int)response.StatusCode switch
        {
            429 => wanted ?? usualWait,
            503 => wanted,
            _ => null,
        };
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }

    private static async Task<Reply> Read(HttpResponseMessage response, CancellationToken cancellation)
    {
        var text = await response.Content.ReadAsStringAsync(cancellation);
        JsonNode? json = null;
        try
        {
            json = text == "" ? null : JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            // The comparison reports what is missing.
        }
        return new((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType, text, json);
    }
}
