using System.Collections.Frozen;
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

    /// <summary>The key if it is in memory. For token validation, which is synchronous.</summary>
    public SecurityKey? Known(string? id) =>
        id is not null && published is { } current && current.Keys.TryGetValue(id, out var key) ? key : null;

    /// <summary>The key with that id; null if Auth.Server has none.</summary>
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
    /// Fetches the keys with a new request. One that is in flight may have been answered before the latest change.
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

    /// <summary>The fetch in flight, or a new one. Not tied to any caller's cancellation.</summary>
    private Task<Published> Fetch()
    {
        lock (fetching)
        {
            if (inFlight is null or { IsCompleted: true })
            {
                inFlight = Task.Run(FetchNow);
                // The caller that started it may not wait for it.
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
            var requestedAt = time.GetTimestamp();
            var set = await authServer.Send<KeySet>(request, timeout.Token);
            return published = new(Read(set), requestedAt);
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
            keys[jwk.Kid] = Read(jwk);
        return keys.Count > 0
            ? keys.ToFrozenDictionary(StringComparer.Ordinal)
            : throw AuthServerFault.OfAnswer("it contains no signing key");
    }

    private static bool IsForSigning(JsonWebKey jwk) =>
        jwk is { Kty: JsonWebAlgorithmsKeyTypes.EllipticCurve, Crv: JsonWebKeyECTypes.P256, Kid: not null }
            and { Use: null or JsonWebKeyUseNames.Sig };

    // The converter falls back to a certificate in the JWK, which is not what Auth.Server publishes as the key.
    private static ECDsaSecurityKey Read(JsonWebKey jwk) =>
        JsonWebKeyConverter.TryConvertToSecurityKey(jwk, out var key) && key is ECDsaSecurityKey ecdsa
            ? ecdsa
            : throw AuthServerFault.OfAnswer($"its key {jwk.Kid} is malformed");

    private sealed record Published(FrozenDictionary<string, SecurityKey> Keys, long At);

    /// <summary>
    /// A JWK set (RFC 7517 §5). Not the library's <see cref="JsonWebKeySet"/>, whose parser accepts duplicate members
    /// and names in any letter case.
    /// </summary>
    private sealed record KeySet([property: JsonPropertyName("keys"), JsonRequired] IReadOnlyList<JsonWebKey> Keys);
}
