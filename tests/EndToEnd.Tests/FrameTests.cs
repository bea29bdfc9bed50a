using System.Globalization;
using Microsoft.Playwright;

namespace EndToEnd.Tests;

/// <summary>
/// What needs a browser to be seen: that pages fit, that they are accessible, that the menu works with a keyboard and
/// without scripts, that errors receive the focus, and that times are those of the visitor.
/// </summary>
internal sealed class FrameTests : EndToEndTest
{
    [Test]
    public async Task Pages_with_extreme_values_fit_at_every_width_and_have_no_accessibility_violations()
    {
        var portal = await SignIn(await Extreme.Open(Local));
        await portal.Open("/settings/notices");
        await portal.Page.GetByLabel("Address").FillAsync($"https://hooks.customer.example/{new string('a', 450)}");
        await portal.Page.GetByRole(AriaRole.Button, new() { Name = "Add webhook" }).ClickAsync();
        await Assertions.Expect(portal.Page.GetByLabel("Signing key", new() { Exact = true })).ToBeVisibleAsync();
        await portal.Open("/settings/administrators");
        var colleague = await portal.Page.Locator("tbody a").First.GetAttributeAsync("href");

        foreach (var path in Portal.Pages.Append(colleague!))
        {
            await portal.Open(path);
            await portal.CheckFrame();
        }
    }

    [Test]
    public async Task The_menu_of_a_phone_works_without_scripts()
    {
        var customer = await Customer.Open(Local);
        var portal = await OpenBrowser(options: new() { JavaScriptEnabled = false });
        var page = portal.Page;
        await portal.SignIn(customer.Email, customer.Password);
        await page.SetViewportSizeAsync(390, 800);
        var link = page.GetByRole(AriaRole.Link, new() { Name = "Audit Log" });
        Assert.That(await link.IsVisibleAsync(), Is.False);

        await page.GetByRole(AriaRole.Button, new() { Name = "Menu" }).ClickAsync();
        await page.GetByText("Settings", new() { Exact = true }).ClickAsync();
        await link.ClickAsync();

        await portal.WaitFor("/settings/audit-log");
        await page.GetByRole(AriaRole.Button, new() { Name = "Menu" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await portal.WaitFor("/sign-in");
    }

    [Test]
    public async Task The_settings_menu_closes_with_Escape_and_errors_receive_the_focus()
    {
        var portal = await SignIn(await Customer.Open(Local));
        var page = portal.Page;

        await page.GetByText("Settings", new() { Exact = true }).FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.GetByRole(AriaRole.Link, new() { Name = "Audit Log" })).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(page.GetByRole(AriaRole.Link, new() { Name = "Audit Log" })).ToBeHiddenAsync();
        await Assertions.Expect(page.GetByText("Settings", new() { Exact = true })).ToBeFocusedAsync();

        await portal.OpenForm("Choose OAuth 2.0");
        await portal.Generate.ClickAsync();
        await Assertions.Expect(page.Locator("#errors")).ToBeFocusedAsync();
        await page.Locator("#errors a").ClickAsync();
        await Assertions.Expect(page.GetByLabel("Okta app name")).ToBeFocusedAsync();
    }

    [Test]
    public async Task Times_are_relative_and_on_hover_exact_in_the_visitors_time_zone()
    {
        var customer = await Customer.Open(Local);
        await customer.GenerateToken();
        var portal = await OpenBrowser(options: new() { TimezoneId = "Asia/Kathmandu" });
        await portal.SignIn(customer.Email, customer.Password);

        await portal.Open("/scim-credentials");

        var time = portal.Page.Locator("dl.facts time").First;
        await Assertions.Expect(time).ToHaveTextAsync("just now");
        var utc = DateTime.Parse(
            (await time.GetAttributeAsync("datetime"))!, CultureInfo.InvariantCulture,
            DateTimeStyles.AdjustToUniversal);
        var there = utc + TimeSpan.FromMinutes((5 * 60) + 45);
        Assert.That(
            await time.GetAttributeAsync("title"),
            Does.Contain(there.ToString("d MMMM yyyy 'at' HH:mm:ss", CultureInfo.InvariantCulture)));
    }
}
