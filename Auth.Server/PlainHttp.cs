using System.Net;

namespace Auth.Server;

/// <summary>
/// Refuses plain http if the public address is https. A password or secret sent over plain http may have been read by
/// others, so it must not work; there is no redirect either. TLS ends at a proxy that is one of
/// <see cref="AuthOptions.KnownProxies"/> and sends <c>X-Forwarded-Proto: https</c>, or that runs on this machine.
/// Other parts of the internal network are listed in <see cref="AuthOptions.PlainHttpFrom"/>.
/// </summary>
internal sealed class PlainHttp(RequestDelegate next, AuthOptions auth)
{
    private readonly IPNetwork[] internalNetworks = [.. auth.PlainHttpFrom.Select(IPNetwork.Parse)];

    public async Task InvokeAsync(HttpContext http)
    {
        // An orchestrator's health probes come from any address, and their response is a single word.
        if (!auth.IsHttps || http.Request.IsHttps || IsInternal(http.Connection.RemoteIpAddress)
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
            error_description = $"This server accepts https only, at {auth.PublicUrl}.",
        });
    }

    // The address is null on the command socket.
    private bool IsInternal(IPAddress? address)
    {
        if (address is null || IPAddress.IsLoopback(address))
            return true;
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return IPAddress.IsLoopback(plain) || internalNetworks.Any(network => network.Contains(plain));
    }
}
