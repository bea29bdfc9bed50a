using System.Net;

namespace Scim.Api.AuthServer;

/// <summary>Auth.Server gave no definite answer, so the state of the token is unknown.</summary>
internal sealed class AuthServerFault : Exception
{
    private AuthServerFault(string message, Exception? inner = null)
        : base(message, inner)
    {
    }

    /// <summary>
    /// Whether the server itself has failed (no connection, timeout, 5xx). Such a fault is retried and counted by the
    /// circuit breaker. Any other answer could have been provoked by an attacker who chose the token.
    /// </summary>
    public bool IsOutage { get; private init; }

    /// <summary>The status of a response that was not 200.</summary>
    public HttpStatusCode? Status { get; private init; }

    public static AuthServerFault OfTransport(HttpRequestException cause) =>
        new($"Auth.Server cannot be reached ({cause.HttpRequestError}).", cause) { IsOutage = true };

    public static AuthServerFault OfTimeout() => new("Auth.Server did not answer in time.") { IsOutage = true };

    public static AuthServerFault OfStatus(HttpStatusCode status) =>
        new($"Auth.Server answered {(int)status}.") { Status = status, IsOutage = (int)status >= 500 };

    public static AuthServerFault OfAnswer(string why, Exception? cause = null) =>
        new($"Auth.Server's answer cannot be used: {why}.", cause);
}
