using Auth.Server.Accounts;
using Auth.Server.Tests.Administrators;
using Auth.Server.Tests.Management;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Tests.Pages.Security;

[Category("Slow")]
[Category("AnyDatabase")]
public sealed class RequiredSecondFactorTests
{
    [TestCase("/")]
    [TestCase("/scim-credentials")]
    [TestCase("/settings/administrators")]
    [TestCase("/scim-credentials?search=a%20b")]
    [TestCase("/connect/authorize?client_id=CLIENT&response_type=code")]
    public async Task An_administrator_without_one_must_set_one_up_first_and_then_continues(string path)
    {
        await using var server = await Server();
        var issued = await server.Generate(
            await server.WithDatabase(db => db.Accounts.SingleAsync()), "oauth2", "https://idp.example.com/cb");
        path = path.Replace("CLIENT", issued.Set.ClientId);
        using var ada = Browser.At(server);
        var signedIn = await ada.EnterPassword(returnUrl: path);
        Assert.That(signedIn.Location, Is.EqualTo(path));

        var led = await ada.Follow(signedIn);
        Assert.That(led.Location, Is.EqualTo($"/security?returnUrl={Uri.EscapeDataString(path)}"));
        var overview = await ada.Follow(led);
        Assert.That(overview.Text, Does.Contain("Your account requires a second factor"));
        var link = overview.Document.QuerySelectorAll("main a").Single(a => Page.TextOf(a) == "Add a passkey");
        using var device = new SoftwareAuthenticator();
        var page = await ada.Open(link.GetAttribute("href")!);
        var added = await ada.Submit(page, "Add a passkey", ("answer", device.Create(SecondFactor.OptionsOn(page))));
        var next = added.Document.QuerySelectorAll("main a").Single(a => Page.TextOf(a) == "I have stored them safely");

        Assert.That(next.GetAttribute("href"), Is.EqualTo(path));
        Assert.That((await ada.Open(path)).Status, Is.EqualTo(200));
    }

    [Test]
    public async Task Forms_are_refused_until_it_is_set_up()
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        await server.CreateAdministrator(account);
        using var ada = await Browser.SignedIn(server);
        var page = await ada.Open("/scim-credentials");
        await server.With((AccountRegister accounts) =>
            accounts.Update(account.Id, new(RequireSecondFactor: true), CancellationToken.None));

        var answer = await ada.Submit(page, "Generate Credentials", ("Method", "direct_jwt"));

        Assert.That(answer.Location, Is.EqualTo("/security?returnUrl=%2F"));
        Assert.That(await server.FindActive(account), Is.Null);
    }

    [Test]
    public async Task The_last_factor_cannot_be_removed_but_one_of_two_can()
    {
        await using var server = await Server();
        using var ada = await Browser.SignedIn(server);
        using var device = new SoftwareAuthenticator();
        await ada.SetUpApp(server);

        var refused = await ada.Submit(await ada.Open("/security/authenticator"), "Remove the authenticator app");
        Assert.That(refused.Status, Is.EqualTo(409));
        Assert.That(refused.Text, Does.Contain("this is your last"));
        Assert.That((await ada.Open("/")).Status, Is.EqualTo(200));

        await ada.AddPasskey(device);
        var removed = await ada.Submit(await ada.Open("/security/authenticator"), "Remove the authenticator app");
        Assert.That(removed.Location, Is.EqualTo("/security"));
        var last = await ada.Submit(await ada.Open("/security/passkeys"), "Remove the passkey My device");
        Assert.That(last.Status, Is.EqualTo(409));
    }

    [Test]
    public async Task An_operator_requires_lists_and_resets_second_factors()
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        await server.CreateAdministrator(account);
        using var ada = await Browser.SignedIn(server);
        using var device = new SoftwareAuthenticator();
        await ada.SetUpApp(server);
        await ada.AddPasskey(device);
        var id = account.Id.ToString();

        var updated = await CommandsTests.Json(
            server, "accounts", "update", "--account", id, "--require-second-factor", "on", "--json");
        Assert.That(updated.GetProperty("requireSecondFactor").GetString(), Is.EqualTo("on"));
        var listed = (await CommandsTests.Json(server, "administrators", "list", "--account", id, "--json"))[0];
        Assert.That(listed.GetProperty("authenticatorApp").GetBoolean(), Is.True);
        Assert.That(listed.GetProperty("passkeys").GetInt32(), Is.EqualTo(1));
        using var between = Browser.At(server);
        var second = await between.EnterPassword();
        await CommandsTests.Json(
            server, "administrators", "reset-second-factor", "--email", "ada@example.com", "--json");

        Assert.That((await ada.Open("/")).Status, Is.EqualTo(302), "signed out");
        Assert.That((await between.UsePasskey(second, device)).Status, Is.EqualTo(400));
        using var browser = Browser.At(server);
        var led = await browser.Follow(await browser.EnterPassword());
        Assert.That(led.Location, Does.StartWith("/security?"));
    }

    private static async Task<AuthServer> Server()
    {
        var server = await AuthServer.Start();
        await server.CreateAdministrator(
            await server.CreateAccount(settings: new(ScimEnabled: true, RequireSecondFactor: true)));
        return server;
    }
}
