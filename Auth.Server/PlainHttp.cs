using System.Net;

namespace Auth.Server;

/// <summary>
/// Under an https address nothing is taken, and nothing told, over plain http: a password or secret that came that way
/// has been read by others, so there is no redirect that would let it work. TLS ends at a proxy, which is one of
/// <see cref="AuthOptions.KnownProxies"/> and says <c>X-Forwarded-Proto: https</c>, or is on this machine; what else is
/// of the inner network is named in <see cref="AuthOptions.PlainHttpFrom"/>.
/// </summary>
internal sealed class PlainHttp(RequestDelegate next, AuthOptions auth)
{
    private readonly IPNetwork[] inner = [.. auth.PlainHttpFrom.Select(IPNetwork.Parse)];

    public async Task InvokeAsync(HttpContext http)
    {
        // Probes of an orchestrator come from anywhere, and hear one word.
        if (!auth.IsHttps || http.Request.IsHttps || IsInner(http.Connection.RemoteIpAddress)
            || http.Request.Path.StartsWithSegments("/health", StringComparison.Ordinal))
        {
            await next(http);
            return;
        }

        http.Response.StatusCode = StatusCodes.Status400BadRequest;
        http.Response.Headers.CacheControl = "no-store";
        await http.Response.WriteAsJsonAsync(new
        {
            error = "invalid_request",
            error_description = $"This server is reached by https only, at {auth.PublicUrl}.",
        });
    }

    // Null is the command socket.
    private bool IsInner(IPAddress? address)
    {
        if (address is null || IPAddress.IsLoopback(address))
            return true;
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return IPAddress.IsLoopback(plain) || inner.Any(network => network.Contains(plain));
    }
}
