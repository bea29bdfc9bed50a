using System.Net;
using Auth.Server.Audit;
using Auth.Server.Limits;
using Microsoft.Extensions.Primitives;

namespace Auth.Server.Administrators;

/// <summary>Who knocks at the door: from which address, with which browser, and who signed in with it before.</summary>
internal sealed record Visitor(
    IPAddress? Address = null, string? Browser = null, Device? Device = null, string? UserAgent = null)
{
    // The first that is found: Edge and Opera call themselves Chrome, too, and Chrome calls itself Safari.
    private static readonly (string Sign, string Name)[] browsers =
    [
        ("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("FxiOS/", "Firefox"), ("CriOS/", "Chrome"),
        ("Chrome/", "Chrome"), ("Safari/", "Safari"),
    ];

    private static readonly (string Sign, string Name)[] systems =
    [
        ("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iOS"), ("iPad", "iPadOS"), ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"), ("Linux", "Linux"),
    ];

    /// <summary>
    /// The network that failures are counted by: an IPv4 address, or what one subscriber has of IPv6 (a /64).
    /// </summary>
    public string Network => Limits.Network.Of(Address);

    public static Visitor From(HttpContext http) => new(
        http.Connection.RemoteIpAddress is { IsIPv4MappedToIPv6: true } mapped
            ? mapped.MapToIPv4()
            : http.Connection.RemoteIpAddress,
        Describe(http.Request.Headers.UserAgent),
        http.RequestServices.GetRequiredService<DeviceCookie>().Read(http),
        Actor.UserAgentOf(http.Request));

    /// <summary>The visitor as the administrator with an e-mail address, in the audit trail.</summary>
    public Actor ToActor(string email) => new(ActorKind.Administrator, email, Address?.ToString(), UserAgent);

    /// <summary>A <c>User-Agent</c> in the words of the person who uses it: <c>Firefox on Windows</c>.</summary>
    public static string Describe(StringValues userAgent)
    {
        var text = userAgent.ToString();
        var browser = browsers.FirstOrDefault(known => text.Contains(known.Sign, StringComparison.Ordinal)).Name;
        var system = systems.FirstOrDefault(known => text.Contains(known.Sign, StringComparison.Ordinal)).Name;
        return (browser, system) switch
        {
            (null, null) => "Another program",
            (_, null) => browser,
            _ => $"{browser ?? "A browser"} on {system}",
        };
    }
}

/// <summary>Where visitors wait for their turn.</summary>
internal static class VisitorQueue
{
    /// <summary>
    /// Waits for a turn, which ends when it is disposed of; null if there is no place left to wait in. Browsers in
    /// which an administrator has signed in have places of their own.
    /// </summary>
    public static Task<IDisposable?> Enter(this FairQueue queue, Visitor visitor, CancellationToken cancellation) =>
        visitor.Device is { } device
            ? queue.EnterKnown($"{device.AdministratorId}", cancellation)
            : queue.Enter(visitor.Network, cancellation);
}
