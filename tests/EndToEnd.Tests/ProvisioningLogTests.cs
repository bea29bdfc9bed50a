using System.Net;
using Microsoft.Playwright;

namespace EndToEnd.Tests;

/// <summary>The provisioning log in a browser, with events of a real client.</summary>
internal sealed class ProvisioningLogTests : EndToEndTest
{
    [Test]
    public async Task The_log_shows_why_Jane_was_not_provisioned()
    {
        var customer = await Customer.Open(Local);
        await Local.Auth("accounts", "update", "--account", customer.AccountId, "--domains", "customer.example");
        using var scim = Local.Scim(await customer.GenerateToken());
        await scim.Create("cleo@customer.example");
        var refused = await scim.Create("jane@other.example");
        var portal = await SignIn(customer);

        await portal.Page.GetByText("Settings", new() { Exact = true }).ClickAsync();
        await portal.Page.GetByRole(AriaRole.Link, new() { Name = "Provisioning Log", Exact = true }).ClickAsync();
        await portal.Page.GetByRole(AriaRole.Searchbox, new() { Name = "Search events" }).FillAsync("Jane");
        await portal.Page.GetByRole(AriaRole.Button, new() { Name = "Search" }).ClickAsync();
        var row = portal.Page.Locator(".log > li");
        await Assertions.Expect(row).ToHaveCountAsync(1, new() { Timeout = 60_000 });

        Assert.That(
            await row.InnerTextAsync(),
            Does.Contain("was refused when it tried to create this person.").And.Contains("jane@other.example"));
        await row.Locator("summary").ClickAsync();
        Assert.That(
            await row.InnerTextAsync(), Does.Contain(refused.Detail!).And.Contains("400 invalidValue"));

        var download = await portal.Page.RunAndWaitForDownloadAsync(
            () => portal.Page.GetByRole(AriaRole.Link, new() { Name = "Download as CSV" }).ClickAsync());
        Assert.That(download.SuggestedFilename, Is.EqualTo("provisioning-log.csv"));
        var lines = await File.ReadAllLinesAsync(await download.PathAsync());
        Assert.That(lines, Has.Length.EqualTo(2));
        Assert.That(lines[1], Does.Contain("jane@other.example"));

        // New events appear by themselves, and an opened row stays open.
        await portal.Open("/settings/provisioning-log");
        await row.First.Locator("summary").ClickAsync();
        await scim.Create("live@customer.example");
        await Assertions.Expect(row.First).ToContainTextAsync("live@customer.example", new() { Timeout = 60_000 });
        await Assertions.Expect(row.Nth(1).Locator("details")).ToHaveAttributeAsync("open", "");
    }

    [Test]
    public async Task The_history_of_a_person_shows_who_did_what()
    {
        var customer = await Customer.Open(Local);
        using var scim = Local.Scim(await customer.GenerateToken());
        await scim.Create("cleo@customer.example");
        await scim.Create("bob@customer.example");
        var portal = await SignIn(customer);

        await portal.Open("/settings/user-management?search=cleo@customer.example");
        await portal.Page.GetByRole(AriaRole.Link, new() { Name = "Test User" }).ClickAsync();
        await portal.Page.GetByLabel("Reason").FillAsync("left");
        await portal.Page.GetByRole(AriaRole.Button, new() { Name = "Deactivate" }).ClickAsync();
        await portal.Page.GetByRole(AriaRole.Status).Filter(new() { HasText = "was deactivated" }).WaitForAsync();
        var timeline = await portal.Page.Locator(".timeline li").AllInnerTextsAsync();
        Assert.That(timeline[0], Does.Contain($"{customer.Email} deactivated this person.").And.Contains("left"));
        Assert.That(timeline, Has.Count.EqualTo(2));
        await portal.Page.GetByRole(AriaRole.Link, new() { Name = "All events in the provisioning log" }).ClickAsync();
        await portal.Page.GetByRole(AriaRole.Heading, new() { Name = "Provisioning Log" }).WaitForAsync();

        var rows = await portal.Page.Locator(".log > li").AllTextContentsAsync();
        Assert.That(rows, Has.Count.EqualTo(2));
        Assert.That(rows[0], Does.Contain("Deactivated").And.Contains("left").And.Contains(customer.Email));
        Assert.That(rows[1], Does.Contain("Created").And.Contains("password-dropped").And.Contains("API token ending in"));
    }

    [Test]
    public async Task The_log_shows_that_replaced_credentials_are_still_in_use()
    {
        var customer = await Customer.Open(Local);
        using var scim = Local.Scim(await customer.GenerateToken());
        await customer.GenerateToken();
        for (var i = 0; i < 3; i++)
            Assert.That((await scim.Test()).Status, Is.EqualTo(HttpStatusCode.Unauthorized));
        var portal = await SignIn(customer);

        await portal.Open("/settings/provisioning-log?outcome=refused");

        var rows = await portal.Page.Locator(".log > li").AllTextContentsAsync();
        Assert.That(rows.Count(row => row.Contains("replaced or revoked", StringComparison.Ordinal)), Is.EqualTo(1));
        Assert.That(rows[0], Does.Contain("401"));
    }
}
