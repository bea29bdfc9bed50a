using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;
using Shared.Contracts;

namespace Scim.Api.Tokens;

/// <summary>
/// The authorization server's public keys by key id. A known id costs nothing; an unknown one costs a fetch that all
/// who ask share, at most one in <see cref="IntrospectionOptions.KeyFetchInterval"/>. Keys come from that one address,
/// never from a header of a token.
/// </summary>
internal sealed class SigningKeys(
    AuthServerConnection authServer,
    IOptions<AuthServerOptions> server,
    IOptions<IntrospectionOptions> options,
    TimeProvider time,
    ILogger<SigningKeys> log)
{
    private readonly Lock flightLock = new();
    private volatile Published? published;
    private Task<Published>? flight;

    /// <summary>The key if it is in memory; for validation, which cannot wait.</summary>
    public SecurityKey? Known(string? id) =>
        id is not null && published is { } current && current.Keys.TryGetValue(id, out var key) ? key : null;

    /// <summary>
    /// The key of that id, or null if the authorization server says there is none. It throws an
    /// <see cref="AuthServerFault"/> if it does not say.
    /// </summary>
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
    /// Fetches the keys by a fetch that begins now; one under way may have been answered before what has happened.
    /// </summary>
    public async Task FetchAnew(CancellationToken cancellation)
    {
        Task before;
        lock (flightLock)
            before = flight ?? Task.CompletedTask;
        await before.WaitAsync(cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellation.ThrowIfCancellationRequested();
        await Fetch().WaitAsync(cancellation);
    }

    private void RefreshIfOld()
    {
        if (published is { } current && time.GetElapsedTime(current.At) >= options.Value.KeyRefreshInterval)
            _ = Fetch();
    }

    /// <summary>The fetch under way, or a new one. It belongs to nobody, so no caller's leaving ends it.</summary>
    private Task<Published> Fetch()
    {
        lock (flightLock)
        {
            if (flight is null or { IsCompleted: true })
            {
                flight = Task.Run(FetchNow);
                // Somebody may have begun it without waiting for it.
                _ = flight.ContinueWith(
                    failed => log.LogWarning(
                        "The signing keys cannot be fetched: {Reason}", failed.Exception!.InnerException!.Message),
                    CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            }
            return flight;
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
            : throw AuthServerFault.OfAnswer("it holds no signing key");
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

    /// <summary>A JWK set (RFC 7517 §5), as far as it is read.</summary>
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
