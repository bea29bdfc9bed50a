using System.Net;

namespace Auth.Server.Audit;

/// <summary>The kinds of actors.</summary>
internal enum ActorKind
{
    /// <summary>This server, on its own initiative.</summary>
    Server,

    /// <summary>A member of SciLeads' staff, on the command line.</summary>
    Operator,

    /// <summary>A person of the account, in the portal.</summary>
    Administrator,

    /// <summary>A program that calls the management API.</summary>
    Client,

    /// <summary>A member of SciLeads' staff, in the operator console.</summary>
    Staff,
}

/// <summary>Who acts, and from where.</summary>
internal sealed record Actor(ActorKind Kind, string Name, string? Address = null, string? UserAgent = null)
{
    private const int LongestUserAgent = 300;

    public static Actor Server { get; } = new(ActorKind.Server, "SciLeads");

    /// <summary>
    /// The actor's name as shown to customers. A Unix user on the command line is not named to them.
    /// </summary>
    public string DisplayName => Kind switch
    {
        ActorKind.Operator => "an operator on the command line",
        ActorKind.Client => $"the management client {Name}",
        ActorKind.Staff => $"SciLeads ({Name})",
        _ => Name,
    };

    /// <summary>A Unix user on the command line.</summary>
    public static Actor Operator(string user) => new(ActorKind.Operator, user);

    /// <summary>An administrator who sends a request, by e-mail address.</summary>
    public static Actor Administrator(string email, HttpContext http) => From(http, ActorKind.Administrator, email);

    /// <summary>An operator who sends a request, by e-mail address.</summary>
    public static Actor Staff(string email, HttpContext http) => From(http, ActorKind.Staff, email);

    /// <summary>A client of the management API that sends a request, by its display name.</summary>
    public static Actor Client(string name, HttpContext http) => From(http, ActorKind.Client, name);

    /// <summary>The <c>User-Agent</c> of a request, as stored in the audit trail.</summary>
    public static string? UserAgentOf(HttpRequest request) =>
        Printable.Of(request.Headers.UserAgent.ToString(), LongestUserAgent) is { Length: > 0 } agent ? agent : null;

    private static Actor From(HttpContext http, ActorKind kind, string name) =>
        new(kind, name, AddressOf(http.Connection.RemoteIpAddress), UserAgentOf(http.Request));

    private static string? AddressOf(IPAddress? address) =>
        (address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address)?.ToString();
}
