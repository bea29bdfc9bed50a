using Auth.Server.Tests.Administrators;
using OtpNet;

namespace Auth.Server.Tests.Pages.Security;

/// <summary>Sets up and uses second factors in a browser.</summary>
internal static class SecondFactor
{
    /// <summary>Sets up an authenticator app, and returns it with the recovery codes.</summary>
    public static async Task<(Totp App, IReadOnlyList<string> RecoveryCodes)> SetUpApp(
        this Browser browser, AuthServer server, string root = "")
    {
        var page = await browser.Open($"{root}/security/authenticator");
        var app = new Totp(Base32Encoding.ToBytes(Page.TextOf(page.Document.QuerySelector("#key")!).Replace(" ", "")));
        var answer = await browser.Submit(page, "Set up", ("code", app.CodeAt(server)));
        return (app, RecoveryCodesOn(answer));
    }

    public static string CodeAt(this Totp app, AuthServer server, int secondsLater = 0) =>
        app.ComputeTotp(server.Time.GetUtcNow().UtcDateTime.AddSeconds(secondsLater));

    public static IReadOnlyList<string> RecoveryCodesOn(Page page) =>
        [.. page.Document.QuerySelectorAll(".codes code").Select(Page.TextOf)];

    public static async Task<Page> AddPasskey(
        this Browser browser, SoftwareAuthenticator device, string name = "My device", string root = "")
    {
        var page = await browser.Open($"{root}/security/passkeys");
        return await browser.Submit(page, "Add a passkey", ("name", name), ("answer", device.Create(OptionsOn(page))));
    }

    /// <summary>Answers the page's challenge with a passkey.</summary>
    public static Task<Page> UsePasskey(this Browser browser, Page page, SoftwareAuthenticator device) =>
        browser.Submit(page, "Use a passkey", ("answer", device.Get(OptionsOn(page))));

    public static string OptionsOn(Page page) =>
        page.Document.QuerySelector("form[data-passkey]")!.GetAttribute("data-options")!;

    /// <summary>Signs in with the password, which is the first of two steps.</summary>
    public static async Task<Page> EnterPassword(
        this Browser browser, string email = "ada@example.com", string returnUrl = "/", string root = "") =>
        await browser.Submit(
            await browser.Open($"{root}/sign-in?returnUrl={Uri.EscapeDataString(returnUrl)}"), "Sign in",
            ("email", email), ("password", AuthServer.Password));
}
