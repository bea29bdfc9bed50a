using System.Net;
using System.Net.Sockets;

namespace Auth.Server.Limits;

/// <summary>The networks by which failures and waiting requests are counted.</summary>
internal static class Network
{
    /// <summary>An IPv4 address, or the /64 that one IPv6 subscriber has; empty without an address.</summary>
    public static string Of(IPAddress? address) => address switch
    {
        null => "",
        { AddressFamily: AddressFamily.InterNetworkV6, IsIPv4MappedToIPv6: false } =>
            Convert.ToHexStringLower(address.GetAddressBytes().AsSpan(0, 8)),
        _ => address.MapToIPv4().ToString(),
    };
}
