using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace EndToEnd.Tests;

/// <summary>
/// The proxy in <i>A public address</i> of <c>docs/running.md</c>: one https host in front of both servers.
/// <c>/scim/v2</c> goes to <c>Scim.Api</c>, everything else to <c>Auth.Server</c>.
/// </summary>
internal sealed class TlsProxy : IAsyncDisposable
{
    private static readonly X509Certificate2 certificate = SelfSigned();

    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });
    private readonly int port = FreePort();
    private WebApplication? app;

    public string PublicUrl => $"https://localhost:{port}";

    /// <summary>Whether a certificate is the proxy's own, self-signed one.</summary>
    public static bool Has(X509Certificate? other) => other?.GetCertHashString() == certificate.GetCertHashString();

    public async Task Start(int authPort, int scimPort)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(
            kestrel => kestrel.ListenLocalhost(port, listen => listen.UseHttps(certificate)));
        app = builder.Build();
        app.Run(context => Forward(
            context,
            context.Request.Path.StartsWithSegments("/scim/v2")
            || context.Request.Path.StartsWithSegments("/.well-known/oauth-protected-resource")
                ? scimPort
                : authPort));
        await app.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (app is not null)
            await app.DisposeAsync();
        http.Dispose();
    }

    private async Task Forward(HttpContext context, int server)
    {
        var from = context.Request;
        using var request = new HttpRequestMessage(
            new(from.Method), $"http://127.0.0.1:{server}{from.PathBase}{from.Path}{from.QueryString}");
        if (from.ContentLength > 0 || from.Headers.TransferEncoding.Count > 0)
            request.Content = new StreamContent(from.Body);
        foreach (var (name, values) in from.Headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, values.ToArray()))
                request.Content?.Headers.TryAddWithoutValidation(name, values.ToArray());
        }

        request.Headers.TryAddWithoutValidation("X-Forwarded-Proto", "https");
        request.Headers.TryAddWithoutValidation("X-Forwarded-Host", from.Host.Value);
        request.Headers.TryAddWithoutValidation("X-Forwarded-For", "203.0.113.7");
        using var response = await http.SendAsync(
            request, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
        context.Response.StatusCode = (int)response.StatusCode;
        foreach (var (name, values) in response.Headers.Concat(response.Content.Headers))
            context.Response.Headers[name] = values.ToArray();
        context.Response.Headers.Remove("Transfer-Encoding");
        await response.Content.CopyToAsync(context.Response.Body);
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(
            DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        // With the key in memory, as Kestrel requires it.
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pfx), null);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
