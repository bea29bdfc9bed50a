using Auth.Server.Administrators;
using Microsoft.AspNetCore.Authentication.Cookies;

namespace Auth.Server.Audit;

/// <summary>Who acts.</summary>
internal enum ActorKind
{
    /// <summary>This server by itself.</summary>
    Server,

    /// <summary>SciLeads' own staff, at the command line.</summary>
    Operator,

    /// <summary>A person of the account, at the portal.</summary>
    Administrator,

    /// <summary>A program, at the management API.</summary>
    Client,
}

/// <summary>Who acts, and from where.</summary>
internal sealed record Actor(ActorKind Kind, string Name, string? Address = null, string? UserAgent = null)
{
    private const int LongestUserAgent = 300;

    public static Actor Server { get; } = new(ActorKind.Server, "SciLeads");

    /// <summary>A Unix user, at the command line.</summary>
    public static Actor Operator(string user) => new(ActorKind.Operator, user);

    /// <summary>A client of the management API, by the name that people gave it.</summary>
    public static Actor Client(string name, HttpContext http) => From(http) with { Kind = ActorKind.Client, Name = name };

    /// <summary>Who sends a request; in the portal all who act have signed in, but for those who are just doing so.</summary>
    public static Actor From(HttpContext? http) => http is null ? Server : new(
        ActorKind.Administrator,
        http.User.Identity is { IsAuthenticated: true, AuthenticationType: CookieAuthenticationDefaults.AuthenticationScheme }
            ? SignedIn.From(http.User).Email
            : "",
        Plain(http.Connection.RemoteIpAddress),
        Printable.Of(http.Request.Headers.UserAgent.ToString(), LongestUserAgent) is { Length: > 0 } agent ? agent : null);

    private static string? Plain(System.Net.IPAddress? address) =>
        (address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address)?.ToString();
}
