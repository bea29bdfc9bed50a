using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;
using Shared.Contracts;

namespace Scim.Api.AuthServer;

/// <summary>
/// Auth.Server's public keys by key id. A known id costs nothing. An unknown one costs a fetch, shared by all requests
/// that wait for it, and at most one per <see cref="IntrospectionOptions.KeyFetchInterval"/>. Keys come from that one
/// address, never from a token's header.
/// </summary>
internal sealed class SigningKeys(
    AuthServerConnection authServer,
    IOptions<AuthServerOptions> server,
    IOptions<IntrospectionOptions> options,
    TimeProvider time,
    ILogger<SigningKeys> log)
{
    private readonly Lock fetching = new();
    private volatile Published? published;
    private Task<Published>? inFlight;

    /// <summary>The key if it is in memory; for validation, which cannot wait.</summary>
    public SecurityKey? Known(string? id) =>
        id is not null && published is { } current && current.Keys.TryGetValue(id, out var key) ? key : null;

    /// <summary>
    /// The key with that id; null if Auth.Server has none.
    /// </summary>
    /// <exception cref="AuthServerFault">The keys could not be fetched.</exception>
    public async Task<SecurityKey?> Find(string id, CancellationToken cancellation)
    {
        if (Known(id) is { } key)
        {
            RefreshIfOld();
            return key;
        }
        if (published is { } current && time.GetElapsedTime(current.At) < options.Value.KeyFetchInterval)
            return null;
        await Fetch().WaitAsync(cancellation);
        return Known(id);
    }

    /// <summary>
    /// Fetches the keys with a request that begins now. One in inFlight may have been answered before the latest
    /// change.
    /// </summary>
    public async Task Refetch(CancellationToken cancellation)
    {
        Task before;
        lock (fetching)
            before = inFlight ?? Task.CompletedTask;
        await before.WaitAsync(cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellation.ThrowIfCancellationRequested();
        await Fetch().WaitAsync(cancellation);
    }

    private void RefreshIfOld()
    {
        if (published is { } current && time.GetElapsedTime(current.At) >= options.Value.KeyRefreshInterval)
            _ = Fetch();
    }

    /// <summary>The fetch in inFlight, or a new one. Not tied to any caller's cancellation.</summary>
    private Task<Published> Fetch()
    {
        lock (fetching)
        {
            if (inFlight is null or { IsCompleted: true })
            {
                inFlight = Task.Run(FetchNow);
                // Whoever started it may not wait for it.
                _ = inFlight.ContinueWith(
                    failed => log.LogWarning(
                        "The signing keys cannot be fetched: {Reason}", failed.Exception!.InnerException!.Message),
                    CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            }
            return inFlight;
        }
    }

    private async Task<Published> FetchNow()
    {
        using var timeout = new CancellationTokenSource(options.Value.AttemptTimeout, time);
        var address = new Uri(server.Value.BaseAddress, AuthServerPaths.Keys);
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        try
        {
            var asked = time.GetTimestamp();
            var set = await authServer.Send<KeySet>(request, timeout.Token);
            return published = new(Read(set), asked);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested)
        {
            throw AuthServerFault.OfTimeout();
        }
    }

    private static FrozenDictionary<string, SecurityKey> Read(KeySet set)
    {
        var keys = new Dictionary<string, SecurityKey>(StringComparer.Ordinal);
        foreach (var jwk in set.Keys.Where(IsForSigning))
            keys[jwk.Id!] = Read(jwk);
        return keys.Count > 0
            ? keys.ToFrozenDictionary(StringComparer.Ordinal)
            : throw AuthServerFault.OfAnswer("it contains no signing key");
    }

    private static bool IsForSigning(PublicKey jwk) =>
        jwk is { Type: "EC", Curve: "P-256", Id: not null, Use: null or "sig" };

    private static ECDsaSecurityKey Read(PublicKey jwk)
    {
        try
        {
            var key = ECDsa.Create(new ECParameters
            {
                Curve = ECCurve.NamedCurves.nistP256,
                Q = new() { X = Base64UrlEncoder.DecodeBytes(jwk.X), Y = Base64UrlEncoder.DecodeBytes(jwk.Y) },
            });
            return new(key) { KeyId = jwk.Id };
        }
        catch (Exception malformed) when (malformed is CryptographicException or FormatException or ArgumentException)
        {
            throw AuthServerFault.OfAnswer($"its key {jwk.Id} is malformed", malformed);
        }
    }

    private sealed record Published(FrozenDictionary<string, SecurityKey> Keys, long At);

    /// <summary>The members of a JWK set (RFC 7517 §5) that are read.</summary>
    private sealed record KeySet([property: JsonPropertyName("keys"), JsonRequired] IReadOnlyList<PublicKey> Keys);

    /// <summary>An elliptic curve key (RFC 7518 §6.2.1).</summary>
    private sealed record PublicKey(
        [property: JsonPropertyName("kty")] string? Type,
        [property: JsonPropertyName("use")] string? Use,
        [property: JsonPropertyName("kid")] string? Id,
        [property: JsonPropertyName("crv")] string? Curve,
        [property: JsonPropertyName("x")] string? X,
        [property: JsonPropertyName("y")] string? Y);
}
