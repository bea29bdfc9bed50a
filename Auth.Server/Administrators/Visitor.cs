using System.Net;
using Auth.Server.Audit;
using Auth.Server.Limits;
using Microsoft.Extensions.Primitives;

namespace Auth.Server.Administrators;

/// <summary>The sender of a request who need not be signed in: IP address, browser, and who used it before.</summary>
internal sealed record Visitor(
    IPAddress? Address = null, string? Browser = null, Device? Device = null, string? UserAgent = null)
{
    /// <summary>The site that the request is for.</summary>
    public Site Site { get; init; } = Site.Portal;

    // The first match counts: Edge and Opera call themselves Chrome, too, and Chrome calls itself Safari.
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
    /// The network by which failures are counted: an IPv4 address, or the IPv6 prefix of one subscriber (/64).
    /// </summary>
    public string Network => Limits.Network.Of(Address);

    public static Visitor From(HttpContext http) => new(
        http.Connection.RemoteIpAddress is { IsIPv4MappedToIPv6: true } mapped
            ? mapped.MapToIPv4()
            : http.Connection.RemoteIpAddress,
        Describe(http.Request.Headers.UserAgent),
        http.RequestServices.GetRequiredService<DeviceCookie>().Read(http),
        Actor.UserAgentOf(http.Request))
    {
        Site = Site.Of(http),
    };

    /// <summary>The visitor as the administrator or operator with an e-mail address, for the audit log.</summary>
    public Actor ToActor(string email) => new(
        Site.IsConsole ? ActorKind.Staff : ActorKind.Administrator, email, Address?.ToString(), UserAgent);

    /// <summary>Describes a <c>User-Agent</c> for people: <c>Firefox on Windows</c>.</summary>
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

/// <summary>Lets visitors wait in a <see cref="FairQueue"/>.</summary>
internal static class VisitorQueue
{
    /// <summary>
    /// Waits for a turn, which ends when it is disposed; null if the queue is full. Browsers in which an administrator
    /// has signed in have places of their own.
    /// </summary>
    public static Task<IDisposable?> Enter(this FairQueue queue, Visitor visitor, CancellationToken cancellation) =>
        visitor.Device is { } device
            ? queue.EnterKnown($"{device.AdministratorId}", cancellation)
            : queue.Enter(visitor.Network, cancellation);
}
