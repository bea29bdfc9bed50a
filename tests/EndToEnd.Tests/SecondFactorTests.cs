using Microsoft.Playwright;
using OtpNet;

namespace EndToEnd.Tests;

/// <summary>Passkeys, authenticator apps and invitations in a browser.</summary>
internal sealed class SecondFactorTests : EndToEndTest
{
    [Test]
    public async Task A_passkey_is_added_signs_in_alone_confirms_and_is_removed()
    {
        var portal = await SignIn(await Customer.Open(Local));
        var page = portal.Page;
        var device = await VirtualDevice.PlugInto(page);

        await portal.Open("/security");
        await page.GetByRole(AriaRole.Link, new() { Name = "Add a passkey" }).ClickAsync();
        await page.GetByLabel("Name").FillAsync("My laptop");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add a passkey" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Your recovery codes" }).WaitForAsync();
        Assert.That(await page.Locator(".codes li").CountAsync(), Is.EqualTo(10));
        Assert.That(await device.CountPasskeys(), Is.EqualTo(1));

        await SignOut(portal, device);
        await device.SetTouched(true);
        await page.GetByRole(AriaRole.Button, new() { Name = "Use a passkey" }).ClickAsync();
        await portal.WaitFor("/");

        await portal.Open("/security/passkeys");
        await page.GetByRole(AriaRole.Button, new() { Name = "Remove the passkey My laptop" }).ClickAsync();
        await page.GetByText("The passkey was removed.").WaitForAsync();
    }

    [Test]
    public async Task The_browser_offers_a_passkey_as_autofill()
    {
        var portal = await SignIn(await Customer.Open(Local));
        var device = await VirtualDevice.PlugInto(portal.Page);
        await AddPasskey(portal);
        await SignOut(portal, device);

        // The device is touched immediately, as if a person chose the passkey from the list.
        await device.SetTouched(true);
        await portal.Page.ReloadAsync();

        await portal.WaitFor("/");
    }

    [Test]
    public async Task Without_a_passkey_there_is_an_error_message_and_the_password_needs_a_second_step()
    {
        var customer = await Customer.Open(Local);
        var portal = await SignIn(customer);
        var page = portal.Page;
        var device = await VirtualDevice.PlugInto(page);
        await AddPasskey(portal);
        await SignOut(portal, device);

        await device.SetTouched(true);
        await device.SetUserVerified(false);
        await page.GetByRole(AriaRole.Button, new() { Name = "Use a passkey" }).ClickAsync();
        await page.GetByText("No passkey was received.").WaitForAsync();

        await device.SetUserVerified(true);
        await portal.FillSignIn(customer.Email, customer.Password);
        await page.GetByRole(AriaRole.Heading, new() { Name = "One more step" }).WaitForAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Use a passkey" }).ClickAsync();
        await portal.WaitFor("/");
    }

    [Test]
    public async Task If_the_account_requires_a_second_factor_it_is_set_up_before_the_consent()
    {
        var customer = await Customer.Open(Local);
        await Local.Auth("accounts", "update", "--account", customer.AccountId, "--require-second-factor", "on");
        using var callback = new Callback();
        var client = await customer.GenerateClient(callback.Uri);
        var portal = await OpenBrowser();
        var page = portal.Page;

        await page.GotoAsync(client.AuthorizeUrl(callback.Uri, "xyz"));
        await portal.FillSignIn(customer.Email, customer.Password);
        await page.GetByRole(AriaRole.Link, new() { Name = "Set up an authenticator app" }).ClickAsync();
        var picture = await page.Locator(".qr svg").BoundingBoxAsync();
        Assert.That(picture!.Width, Is.GreaterThan(150));
        var app = new Totp(Base32Encoding.ToBytes((await page.Locator("#key").InnerTextAsync()).Replace(" ", "")));
        await page.GetByLabel("Code", new() { Exact = true }).FillAsync(app.ComputeTotp());
        await page.GetByRole(AriaRole.Button, new() { Name = "Set up" }).ClickAsync();
        var recoveryCode = await page.Locator(".codes code").First.InnerTextAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "I have stored them safely" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Allow" }).WaitForAsync();

        var other = await OpenBrowser();
        await other.Page.GotoAsync(client.AuthorizeUrl(callback.Uri, "xyz"));
        await other.FillSignIn(customer.Email, customer.Password);
        await other.Page.GetByLabel("Code", new() { Exact = true }).FillAsync(recoveryCode);
        await other.Page.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
        await other.Page.GetByRole(AriaRole.Button, new() { Name = "Allow" }).WaitForAsync();
    }

    [Test]
    public async Task The_link_of_an_invitation_opens_it_and_its_code_is_in_no_log_and_no_history()
    {
        var customer = await Customer.Open(Local);
        var colleague = $"colleague@{Guid.NewGuid():N}.example";
        var portal = await SignIn(customer);
        await portal.Open("/settings/administrators");
        await portal.Page.GetByLabel("E-mail address").FillAsync(colleague);
        await portal.Page.GetByRole(AriaRole.Button, new() { Name = "Invite", Exact = true }).ClickAsync();
        var link = await portal.ValueOf("Link");

        var other = await OpenBrowser();
        await other.Page.GotoAsync(link);
        await other.Page.GetByLabel("New password").FillAsync("another horse, another battery");
        Assert.That(await other.Page.EvaluateAsync<string>("location.hash"), Is.Empty);
        await other.Page.GetByRole(AriaRole.Button, new() { Name = "Set password" }).ClickAsync();
        await other.Page.GetByText("Your password is set.").WaitForAsync();
        await other.FillSignIn(colleague, "another horse, another battery");
        await other.Page.GetByRole(AriaRole.Heading, new() { Name = customer.Name }).WaitForAsync();

        var code = link.Split('#')[1];
        foreach (var log in Directory.GetFiles(Path.Combine(Local.Data, "logs")))
            Assert.That(await File.ReadAllTextAsync(log), Does.Not.Contain(code), log);
    }

    private static async Task AddPasskey(Portal portal)
    {
        await portal.Open("/security/passkeys");
        await portal.Page.GetByRole(AriaRole.Button, new() { Name = "Add a passkey" }).ClickAsync();
        await portal.Page.GetByRole(AriaRole.Heading, new() { Name = "Your recovery codes" }).WaitForAsync();
    }

    /// <summary>Signs out while nobody touches the device, so that the next page does not sign in again.</summary>
    private static async Task SignOut(Portal portal, VirtualDevice device)
    {
        await device.SetTouched(false);
        await portal.Page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await portal.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).WaitForAsync();
    }
}
