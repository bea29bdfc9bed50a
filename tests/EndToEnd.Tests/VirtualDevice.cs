using Microsoft.Playwright;

namespace EndToEnd.Tests;

/// <summary>
/// A device with passkeys that the browser believes to have built in, and whose user touches it at once (WebAuthn's
/// virtual authenticators, by Chromium's debugging protocol).
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

    /// <summary>Whether the device knows that its user is there, and lets a passkey be used.</summary>
    public Task SetUserVerified(bool verified) => session.SendAsync("WebAuthn.setUserVerified", new()
    {
        ["authenticatorId"] = id,
        ["isUserVerified"] = verified,
    });

    /// <summary>Whether somebody touches the device as soon as it asks.</summary>
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
