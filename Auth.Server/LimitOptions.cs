using System.ComponentModel.DataAnnotations;

namespace Auth.Server;

/// <summary>
/// How often a client may fail to prove who it is, and how many requests it may make when it has, before it is answered
/// with 429.
/// </summary>
internal sealed class LimitOptions
{
    /// <summary>Failures that are free, for each client id from each network.</summary>
    [Range(1, 10_000, ErrorMessage = "Auth:Limits:FailuresPerClient must be from 1 to 10000.")]
    public int FailuresPerClient { get; init; } = 20;

    /// <summary>Failures that are free, for each network, whatever client ids it makes up.</summary>
    [Range(1, 1_000_000, ErrorMessage = "Auth:Limits:FailuresPerNetwork must be from 1 to 1000000.")]
    public int FailuresPerNetwork { get; init; } = 200;

    /// <summary>After how long one failure of a client is forgotten, and ten of a network.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00",
        ErrorMessage = "Auth:Limits:ForgetEvery must be from 00:00:00.1 to 01:00:00.")]
    public TimeSpan ForgetEvery { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Requests for tokens, pushed authorization requests and revocations that a client may make in a minute, on each
    /// node.
    /// </summary>
    [Range(1, 1_000_000, ErrorMessage = "Auth:Limits:RequestsPerClient must be from 1 to 1000000.")]
    public int RequestsPerClient { get; init; } = 300;
}
