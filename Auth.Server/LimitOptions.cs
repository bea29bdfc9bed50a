using System.ComponentModel.DataAnnotations;

namespace Auth.Server;

/// <summary>
/// How many failed authentications, and how many authenticated requests, a client may make before it receives 429: the
/// settings section <c>Auth:Limits</c>.
/// </summary>
internal sealed class LimitOptions
{
    /// <summary>Failed authentications without consequences, for each client id from each network.</summary>
    [Range(1, 10_000, ErrorMessage = "Auth:Limits:FailuresPerClient must be from 1 to 10000.")]
    public int FailuresPerClient { get; init; } = 20;

    /// <summary>Failed authentications without consequences, for each network, whatever client ids they name.</summary>
    [Range(1, 1_000_000, ErrorMessage = "Auth:Limits:FailuresPerNetwork must be from 1 to 1000000.")]
    public int FailuresPerNetwork { get; init; } = 200;

    /// <summary>The interval after which one failure of a client, and ten of a network, are forgotten.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00",
        ErrorMessage = "Auth:Limits:ForgetEvery must be from 00:00:00.1 to 01:00:00.")]
    public TimeSpan ForgetEvery { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How many token, pushed authorization and revocation requests a client may make per minute on each node.
    /// </summary>
    [Range(1, 1_000_000, ErrorMessage = "Auth:Limits:RequestsPerClient must be from 1 to 1000000.")]
    public int RequestsPerClient { get; init; } = 300;
}
