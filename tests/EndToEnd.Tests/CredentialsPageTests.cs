using Microsoft.Playwright;

namespace EndToEnd.Tests;

/// <summary>SCIM Credentials in the portal: a secret is shown once, and is not replaced by mistake.</summary>
internal sealed class CredentialsPageTests : EndToEndTest
{
    [Test]
    public async Task A_reload_of_the_response_shows_the_same_token_for_a_while_and_the_page_itself_never_does()
    {
        var portal = await SignIn(await Customer.Open(Local));
        var token = await portal.GenerateToken();
        portal.Page.Dialog += (_, dialog) => dialog.AcceptAsync();

        var reloaded = await portal.Page.ReloadAsync();

        Assert.That(reloaded!.Status, Is.EqualTo(200));
        Assert.That(await portal.Page.ContentAsync(), Does.Contain(token));
        await RequireWorks(token);

        await portal.Open("/scim-credentials");
        Assert.That(await portal.Page.ContentAsync(), Does.Not.Contain(token));
        await RequireWorks(token);
    }

    [Test]
    public async Task Of_two_concurrent_pages_one_generates_and_the_other_says_who_did_and_when()
    {
        var customer = await Customer.Open(Local);
        var first = await SignIn(customer);
        var second = await first.OpenAnother();
        await Choose(first);
        await Choose(second);

        var answers = await Task.WhenAll(Submit(first), Submit(second));

        Assert.That(answers.Select(answer => answer.Status), Is.EquivalentTo(new[] { 200, 409 }));
        var (winner, loser) = answers[0].Status == 200 ? (first, second) : (second, first);
        var refusal = await loser.Page.GetByRole(AriaRole.Alert).First.InnerTextAsync();
        Assert.That(refusal, Does.Contain(customer.Email).And.Match(@"\d\d:\d\d(:\d\d)? UTC"));
        await RequireWorks(await winner.ValueOf("API Token"));
    }

    [Test]
    public async Task The_connection_is_tested_and_nothing_of_it_remains()
    {
        var customer = await Customer.Open(Local);
        await Local.Auth("accounts", "update", "--account", customer.AccountId, "--domains", "customer.example");
        using var scim = Local.Scim(await customer.GenerateToken());
        var portal = await SignIn(customer);
        await portal.Open("/scim-credentials");
        await portal.Page.GetByRole(AriaRole.Link, new() { Name = "Test connection" }).ClickAsync();

        await portal.Page.GetByRole(AriaRole.Button, new() { Name = "Test connection" }).ClickAsync();

        await Assertions.Expect(portal.Page.Locator(".notice")).ToContainTextAsync(
            "every step passed", new() { Timeout = 60_000 });
        Assert.That(await portal.Page.Locator(".checks li.fine").CountAsync(), Is.EqualTo(9));
        await portal.Open("/settings/provisioning-log?outcome=tested");
        var events = await portal.Page.Locator(".log > li").AllInnerTextsAsync();
        Assert.That(events, Has.Count.EqualTo(4).And.All.Contains("A connection test was allowed to"));
        await portal.Open("/");
        Assert.That(
            await portal.Page.InnerTextAsync("main"),
            Does.Contain("0 of 200 used").And.Contain("Nothing has happened.").And.Not.Contain("Last call"));
        Assert.That((int)(await scim.Get("Users"))["totalResults"]!, Is.Zero);
    }

    [Test]
    public async Task A_double_click_generates_once()
    {
        var portal = await SignIn(await Customer.Open(Local));
        await Choose(portal);
        var sent = 0;
        portal.Page.Request += (_, request) => sent += request.Method == "POST" ? 1 : 0;

        await portal.Generate.DblClickAsync();

        var token = await portal.ValueOf("API Token");
        Assert.That(sent, Is.EqualTo(1));
        await RequireWorks(token);
    }

    [Test]
    public async Task If_SCIM_is_not_enabled_support_is_named_and_nothing_can_be_generated()
    {
        var portal = await SignIn(await Customer.Open(Local, scim: "off"));

        await portal.Open("/scim-credentials");

        Assert.That(await portal.Page.InnerTextAsync("main"), Does.Contain("support@scileads.com"));
        Assert.That(await portal.Generate.CountAsync(), Is.Zero);
    }

    [Test]
    public async Task A_click_anywhere_on_a_card_chooses_the_method()
    {
        var portal = await SignIn(await Customer.Open(Local));
        await portal.Open("/scim-credentials");

        await portal.Page.GetByText("Direct JWT Token", new() { Exact = true }).ClickAsync();
        Assert.That(
            await portal.Page.GetByRole(AriaRole.Radio, new() { Name = "Choose JWT Token" }).IsCheckedAsync(), Is.True);

        await portal.Page.GetByText("OAuth 2.0 Flow", new() { Exact = true }).ClickAsync();
        Assert.That(
            await portal.Page.GetByRole(AriaRole.Radio, new() { Name = "Choose OAuth 2.0" }).IsCheckedAsync(), Is.True);
    }

    [Test]
    public async Task A_staged_token_is_checked_and_activated_and_the_page_shows_which_token_is_used()
    {
        var portal = await SignIn(await Customer.Open(Local));
        var page = portal.Page;
        var old = await portal.GenerateToken();
        await RequireWorks(old);
        await Choose(portal);
        await page.GetByLabel("When I activate them").CheckAsync();
        await portal.Generate.ClickAsync();
        var token = await portal.ValueOf("API Token");
        await RequireWorks(old);
        await RequireRefused(token);

        await portal.Open("/scim-credentials");
        await page.GetByLabel("API token, client secret or access token").FillAsync(token);
        await page.GetByRole(AriaRole.Button, new() { Name = "Check" }).ClickAsync();
        await page.GetByText("Correct: this belongs to the staged credentials.").WaitForAsync();
        await RequireWorks(old);

        await portal.Open("/scim-credentials");
        await page.GetByRole(AriaRole.Button, new() { Name = "Activate now" }).ClickAsync();
        await page.GetByText("The staged credentials are active now").WaitForAsync();
        await RequireRefused(old);

        // The page is not reloaded: it replaces the block.
        var headline = page.Locator("#progress [data-say]");
        await Assertions.Expect(headline).ToHaveTextAsync(
            "Your identity provider still uses the old token.", new() { Timeout = 60_000 });
        await RequireWorks(token);
        await Assertions.Expect(headline).ToHaveTextAsync(
            "Done: your identity provider uses the new credentials, and nobody the old ones.", new() { Timeout = 60_000 });
        await Assertions.Expect(page.Locator("#progress .steps > li.done")).ToHaveCountAsync(3);
        await Assertions.Expect(page.Locator("#spoken")).ToHaveTextAsync(
            "Done: your identity provider uses the new credentials, and nobody the old ones.");
    }

    private static Task Choose(Portal portal) => portal.OpenForm("Choose JWT Token");

    private static Task<IResponse> Submit(Portal portal) => portal.Page.RunAndWaitForResponseAsync(
        () => portal.Generate.ClickAsync(), response => response.Request.Method == "POST");

    private static Task RequireWorks(string token) => Require(200, token);

    private static Task RequireRefused(string token) => Require(401, token);

    private static async Task Require(int status, string token)
    {
        using var scim = Local.Scim(token);
        var answer = await scim.Test();
        Assert.That((int)answer.Status, Is.EqualTo(status), answer.ToString());
    }
}
