using Microsoft.Playwright;

namespace EndToEnd.Tests;

/// <summary>
/// A virtual authenticator, which the browser treats as built in, and whose user touches it immediately (Chrome
/// DevTools Protocol).
/// </summary>
internal sealed class VirtualDevice
{
    private readonly ICDPSession session;
    private readonly string id;

    private VirtualDevice(ICDPSession session, string id)
    {
        this.session = session;
        this.id = id;
    }

    public static async Task<VirtualDevice> PlugInto(IPage page)
    {
        var session = await page.Context.NewCDPSessionAsync(page);
        await session.SendAsync("WebAuthn.enable");
        var added = await session.SendAsync("WebAuthn.addVirtualAuthenticator", new()
        {
            ["options"] = new Dictionary<string, object>
            {
                ["protocol"] = "ctap2",
                ["transport"] = "internal",
                ["hasResidentKey"] = true,
                ["hasUserVerification"] = true,
                ["isUserVerified"] = true,
                ["automaticPresenceSimulation"] = true,
            },
        });
        return new(session, added!.Value.GetProperty("authenticatorId").GetString()!);
    }

    /// <summary>Whether the device verifies its user, and so allows the use of a passkey.</summary>
    public Task SetUserVerified(bool verified) => session.SendAsync("WebAuthn.setUserVerified", new()
    {
        ["authenticatorId"] = id,
        ["isUserVerified"] = verified,
    });

    /// <summary>Whether the device is touched as soon as it asks.</summary>
    public Task SetTouched(bool touched) => session.SendAsync("WebAuthn.setAutomaticPresenceSimulation", new()
    {
        ["authenticatorId"] = id,
        ["enabled"] = touched,
    });

    public async Task<int> CountPasskeys()
    {
        var answer = await session.SendAsync("WebAuthn.getCredentials", new() { ["authenticatorId"] = id });
        return answer!.Value.GetProperty("credentials").GetArrayLength();
    }
}
