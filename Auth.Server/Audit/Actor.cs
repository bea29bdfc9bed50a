using System.Net;

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

    /// <summary>The actor as customers read it. SciLeads' own staff are not named to them.</summary>
    public string DisplayName => Kind switch
    {
        ActorKind.Operator => "an operator on the command line",
        ActorKind.Client => $"the management client {Name}",
        _ => Name,
    };

    /// <summary>A Unix user, at the command line.</summary>
    public static Actor Operator(string user) => new(ActorKind.Operator, user);

    /// <summary>An administrator, by e-mail address, who sends a request.</summary>
    public static Actor Administrator(string email, HttpContext http) => From(http, ActorKind.Administrator, email);

    /// <summary>A client of the management API, by the name that people gave it, that sends a request.</summary>
    public static Actor Client(string name, HttpContext http) => From(http, ActorKind.Client, name);

    /// <summary>What a request says of the program that sends it, as the audit trail keeps it.</summary>
    public static string? UserAgentOf(HttpRequest request) =>
        Printable.Of(request.Headers.UserAgent.ToString(), LongestUserAgent) is { Length: > 0 } agent ? agent : null;

    private static Actor From(HttpContext http, ActorKind kind, string name) =>
        new(kind, name, AddressOf(http.Connection.RemoteIpAddress), UserAgentOf(http.Request));

    private static string? AddressOf(IPAddress? address) =>
        (address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address)?.ToString();
}
