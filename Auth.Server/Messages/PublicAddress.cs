using System.Net;

namespace Auth.Server.Messages;

/// <summary>
/// The addresses of the public internet, to which this server may connect on behalf of a customer. All others may be
/// SciLeads' own machines (the registries of RFC 6890).
/// </summary>
internal static class PublicAddress
{
    private static readonly IPNetwork[] specialV4 =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
            "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
            "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        }.Select(IPNetwork.Parse),
    ];

    private static readonly IPNetwork globalV6 = IPNetwork.Parse("2000::/3");

    // IETF protocols (with Teredo), documentation, 6to4, documentation.
    private static readonly IPNetwork[] specialV6 =
        [.. new[] { "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20" }.Select(IPNetwork.Parse)];

    public static bool Contains(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        return address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork
            ? !Array.Exists(specialV4, network => network.Contains(address))
            : globalV6.Contains(address) && !Array.Exists(specialV6, network => network.Contains(address));
    }
}
