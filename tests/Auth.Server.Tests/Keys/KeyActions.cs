using Auth.Server.KeyLifecycle;
using Auth.Server.Keys;
using Microsoft.IdentityModel.Tokens;
using Shared.Contracts;

namespace Auth.Server.Tests.Keys;

/// <summary>Actions that tests of keys perform on a server.</summary>
internal static class KeyActions
{
    /// <summary>Runs the background tasks that the server runs every few seconds and every hour.</summary>
    public static Task Look(this AuthServer server) => server.With<KeyRotation, bool>(async rotation =>
    {
        await rotation.Advance(CancellationToken.None);
        await rotation.Forget(CancellationToken.None);
        return true;
    });

    public static async Task Pass(this AuthServer server, int days)
    {
        for (; days > 0; days--)
        {
            server.Time.Advance(TimeSpan.FromDays(1));
            await server.Look();
        }
    }

    public static Task<IReadOnlyList<ListedKey>> Keys(this AuthServer server) =>
        server.With((KeyRotation rotation) => rotation.List(CancellationToken.None));

    public static async Task<string> KeyInUse(this AuthServer server, KeyUse use = KeyUse.Signing) =>
        (await server.Keys()).Single(key => key.State == KeyState.Active && key.Key.Use == use).Key.Id;

    public static Task<Withdrawal> Withdraw(this AuthServer server, string id) =>
        server.With((KeyRotation rotation) => rotation.Withdraw(id, CancellationToken.None));

    public static Task Rotate(this AuthServer server) => server.With<KeyRotation, bool>(async rotation =>
    {
        await rotation.Rotate(CancellationToken.None);
        return true;
    });

    public static async Task<JsonWebKeySet> Jwks(this HttpClient http) =>
        new(await http.GetStringAsync(new Uri(AuthServerPaths.Keys, UriKind.Relative)));
}
