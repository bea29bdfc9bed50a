using System.Globalization;
using System.Net;
using System.Net.Mime;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Auth.Server.Messages;

/// <summary>The part of the network that webhooks may reach.</summary>
/// <param name="Contains">Whether an address belongs to it.</param>
/// <param name="CheckCertificate">How certificates are checked; null as usual.</param>
internal sealed record WebhookNetwork(
    Func<IPAddress, bool> Contains, RemoteCertificateValidationCallback? CheckCertificate = null);

/// <summary>
/// Posts messages to webhooks, signed as Standard Webhooks prescribes. Customers choose the addresses, so a connection
/// is made only to a public one, which is checked after the name is resolved, and redirects are not followed.
/// </summary>
internal sealed class WebhookClient : IDisposable
{
    private const int MaxResponse = 64 * 1024;

    private readonly WebhookNetwork network;
    private readonly TimeProvider time;
    private readonly HttpClient http;

    public WebhookClient(WebhookNetwork network, TimeProvider time)
    {
        (this.network, this.time) = (network, time);
#pragma warning disable CA2000 // The client disposes of it.
        http = new(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            ConnectCallback = Connect,
            PooledConnectionLifetime = TimeSpan.FromMinutes(1),
            SslOptions = { RemoteCertificateValidationCallback = network.CheckCertificate },
        })
        {
            MaxResponseContentBufferSize = MaxResponse,
        };
#pragma warning restore CA2000
        http.DefaultRequestHeaders.UserAgent.ParseAdd("SciLeads-Webhooks/1.0");
    }

    /// <summary>Posts a message.</summary>
    /// <exception cref="Exception">It was not accepted.</exception>
    public async Task Post(Uri url, string secret, Guid id, string body, CancellationToken cancellation)
    {
        var timestamp = time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        using var request = new HttpRequestMessage(HttpMethod.Post, url)
        {
            Content = new StringContent(body, Encoding.UTF8, MediaTypeNames.Application.Json),
        };
        request.Headers.Add("webhook-id", $"{id}");
        request.Headers.Add("webhook-timestamp", timestamp);
        request.Headers.Add("webhook-signature", $"v1,{Sign(secret, $"{id}.{timestamp}.{body}")}");
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (!response.IsSuccessStatusCode)
            throw new DeliveryException($"the server answered with {(int)response.StatusCode}");
    }

    public void Dispose() => http.Dispose();

    private static string Sign(string secret, string content) => Convert.ToBase64String(HMACSHA256.HashData(
        Convert.FromBase64String(secret[WebhookRegister.SecretPrefix.Length..]), Encoding.UTF8.GetBytes(content)));

    private async ValueTask<Stream> Connect(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var addresses = await Dns.GetHostAddressesAsync(context.DnsEndPoint.Host, cancellation);
        // A name with any other address is refused altogether: it may be an attempt to reach that one.
        if (addresses.Length == 0 || !Array.TrueForAll(addresses, address => network.Contains(address)))
            throw new DeliveryException("its address is not a public one");
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            // The addresses that were checked, not the name, which could have others by now.
            await socket.ConnectAsync(addresses, context.DnsEndPoint.Port, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
