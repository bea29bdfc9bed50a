using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HttpOverrides;

namespace Shared.Hosting;

/// <summary>The proxies in front of a server, whose <c>X-Forwarded-*</c> headers it trusts.</summary>
public static class Proxies
{
    /// <summary>What is wrong with a setting that lists the proxies.</summary>
    /// <param name="setting">The name of the setting, such as <c>Auth:KnownProxies</c>.</param>
    /// <param name="proxies">Its value.</param>
    public static IEnumerable<string> FaultsOf(string setting, IEnumerable<string> proxies)
    {
        foreach (var proxy in proxies)
        {
            if (!IPAddress.TryParse(proxy, out var address))
                yield return $"{setting} contains {proxy}, which is not a valid IP address.";
            else if (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any))
                yield return $"{setting} contains {proxy}, which means every address. Enter the proxy's own address.";
        }
    }

    /// <summary>Trusts the given headers of these proxies, and of nobody else.</summary>
    public static void Trust(
        this ForwardedHeadersOptions forwarded, IReadOnlyList<string> proxies, ForwardedHeaders headers)
    {
        forwarded.ForwardedHeaders = proxies.Count == 0 ? ForwardedHeaders.None : headers;
        forwarded.KnownProxies.Clear();
        forwarded.KnownIPNetworks.Clear();
        foreach (var proxy in proxies)
            forwarded.KnownProxies.Add(IPAddress.Parse(proxy));
    }
}
