using Auth.Server.Accounts;
using Auth.Server.Credentials;
using Auth.Server.Tests.Connect;
using Auth.Server.Tests.Events;
using Shared.Contracts;

namespace Auth.Server.Tests.Pages;

/// <summary>
/// Staging, checking, activating and revoking credentials in the portal, and what the administrator sees.
/// </summary>
[Category("AnyDatabase")]
[Category("Slow")]
public sealed class PlannedRotationTests
{
    private const string Address = "/scim-credentials";
    private const string Staged = "/scim-credentials/staged";
    private AuthServer server = null!;
    private ResourceServer scim = null!;
    private ScimNode node = null!;
    private Account account = null!;
    private IssuedCredentials active = null!;
    private Browser browser = null!;

    [SetUp]
    public async Task Start()
    {
        server = await AuthServer.Start();
        scim = await ResourceServer.Register(server);
        node = await ScimNode.Start(server, scim);
        account = await server.CreateAccount();
        await server.CreateAdministrator(account);
        active = await server.Generate(account);
        browser = await Browser.SignedIn(server);
    }

    [TearDown]
    public async Task Stop()
    {
        browser.Dispose();
        node.Dispose();
        scim.Dispose();
        await server.DisposeAsync();
    }

    [Test]
    public async Task Now_is_selected_by_default()
    {
        var page = await browser.Open(Address);
        var chosen = page.Document.QuerySelectorAll("input[name=TakesOver]")
            .Where(radio => radio.HasAttribute("checked"));
        Assert.That(chosen.Select(radio => Page.TextOf(radio.Closest("label")!)), Is.EqualTo(new[] { "Now" }));

        var issued = await browser.Submit(page, "Generate Credentials", ("Method", CredentialMethods.DirectJwt));

        Assert.That(issued.Text, Does.Contain("It is active now").And.Contain("Not confirmed: no node"));
        Assert.That((await scim.Introspect(active.Token!)).Active, Is.False);
    }

    [TestCase("Manual", "They become active when you activate them.")]
    [TestCase("FirstUse", "They become active with the first SCIM request that uses them.")]
    public async Task Staged_credentials_are_shown_once_and_the_current_ones_remain_valid(
        string takesOver, string says)
    {
        var issued = await Stage(takesOver);

        var token = issued.Field("API Token");
        Assert.That(issued.Text, Does.Contain("It is staged.").And.Contain(says)
            .And.Not.Contain("no longer work"));
        Assert.That((await scim.Introspect(active.Token!)).Active);
        var page = await browser.Open(Address);
        Assert.That(page.Html, Does.Not.Contain(token));
        Assert.That(page.Headings, Does.Contain("Staged Credentials"));
        Assert.That(page.Text, Does.Contain(says).And.Contain($"ends in {token[^4..]}").And.Contain(
            $"If they are not active by {Auth.Server.Pages.Portal.FormatTime(server.Time.GetUtcNow().UtcDateTime.AddDays(7))}"));
        Assert.That(page.Text, Does.Contain($"The staged API token ending in {token[^4..]} ends immediately"));
    }

    [Test]
    public async Task A_check_says_whether_the_secret_is_correct_and_activates_nothing()
    {
        var token = (await Stage("Manual")).Field("API Token");
        var page = await browser.Open(Address);

        var wrong = await browser.Submit(page, "Check", ("secret", active.Token!));
        var good = await browser.Submit(wrong, "Check", ("secret", $" {token}"));

        Assert.That(wrong.Status, Is.EqualTo(400));
        Assert.That(
            Page.TextOf(wrong.Document.QuerySelector("#secret-error")!), Does.StartWith("This is neither the secret"));
        Assert.That(wrong.Document.QuerySelector("#secret")!.GetAttribute("aria-invalid"), Is.EqualTo("true"));
        Assert.That(wrong.Html, Does.Not.Contain(active.Token!), "the input is not shown again");
        Assert.That(good.Status, Is.EqualTo(200));
        Assert.That(good.Text, Does.Contain("Correct: this belongs to the staged credentials."));
        Assert.That(good.Html, Does.Not.Contain(token));
        Assert.That((await scim.Introspect(active.Token!)).Active);
        Assert.That((await scim.Introspect(token)).Staged);
    }

    [Test]
    public async Task Activating_ends_the_current_credentials_and_a_second_click_is_told_who_did_it()
    {
        var token = (await Stage("Manual")).Field("API Token");
        var page = await browser.Open(Address);

        var done = await browser.Submit(page, "Activate now");
        var then = await browser.Follow(done);
        var again = await browser.Submit(page, "Activate now");

        Assert.That(done.Location, Is.EqualTo(Address));
        Assert.That(then.Text, Does.Contain(
            $"The staged credentials are active now: the API token ending in {token[^4..]}. "));
        Assert.That(again.Status, Is.EqualTo(409));
        Assert.That(again.Text, Does.Contain("ada@example.com activated these credentials on"));
        Assert.That((await scim.Introspect(token)).Active);
        Assert.That((await scim.Introspect(active.Token!)).Active, Is.False);
        Assert.That((await browser.Open(Staged)).Location, Is.EqualTo(Address), "nothing is staged");
    }

    [Test]
    public async Task Staging_again_requires_a_form_that_shows_the_staged_credentials()
    {
        var old = await browser.Open(Address);
        var first = (await Stage("Manual")).Field("API Token");

        var refused = await Stage("Manual", old);
        Assert.That(refused.Status, Is.EqualTo(409));
        Assert.That(refused.Text, Does.Contain("ada@example.com staged credentials on"));
        Assert.That((await scim.Introspect(first)).Staged);

        Assert.That((await Stage("FirstUse", refused)).Status, Is.EqualTo(200));
        Assert.That((await scim.Introspect(first)).Staged, Is.False);
    }

    [Test]
    public async Task The_active_credentials_are_revoked_after_a_page_that_says_what_stops()
    {
        var page = await browser.Open(Address);
        var question = await browser.Open(LinkOf(page, "Revoke the active credentials"));
        Assert.That(question.Text, Does
            .Contain($"The API token ending in {active.Set.LastFour} and everything issued with it stop working")
            .And.Contain("It has not been used yet.").And.Contain("Nobody is provisioned until"));
        Assert.That((await scim.Introspect(active.Token!)).Active);

        var done = await browser.Follow(await browser.Submit(question, "Revoke"));
        var again = await browser.Submit(question, "Revoke");

        Assert.That(done.Text, Does.Contain("The credentials were revoked."));
        Assert.That((await scim.Introspect(active.Token!)).Active, Is.False);
        Assert.That(again.Status, Is.EqualTo(409));
        Assert.That(again.Text, Does.Contain("ada@example.com ended these credentials on"));
    }

    [Test]
    public async Task The_staged_credentials_are_revoked_and_the_active_ones_remain_valid()
    {
        var token = (await Stage("FirstUse")).Field("API Token");
        var question = await browser.Open(LinkOf(await browser.Open(Address), "Revoke the staged credentials"));
        Assert.That(question.Text, Does.Contain("The active credentials continue to work."));

        await browser.Submit(question, "Revoke");

        var answer = await scim.Introspect(token);
        Assert.That((answer.Active, answer.Pending), Is.EqualTo((false, false)));
        Assert.That((await scim.Introspect(active.Token!)).Active);
        Assert.That((await browser.Open(Address)).Headings, Does.Not.Contain("Staged Credentials"));
    }

    [Test]
    public async Task A_set_of_another_account_is_neither_shown_nor_changed()
    {
        var other = await server.Generate(await server.CreateAccount("Other"));
        var question = await browser.Open(LinkOf(await browser.Open(Address), "Revoke the active credentials"));

        Assert.That((await browser.Open($"/scim-credentials/revoke?set={other.Set.Id}")).Location, Is.EqualTo(Address));
        Assert.That((await browser.Open($"{Address}?handler=News&set={other.Set.Id}")).Status, Is.EqualTo(404));
        var refused = await browser.Submit(question, "Revoke", ("set", $"{other.Set.Id}"));

        Assert.That(refused.Status, Is.EqualTo(409));
        Assert.That((await scim.Introspect(other.Token!)).Active);
    }

    [Test]
    public async Task The_page_shows_the_last_use_of_the_current_credentials()
    {
        const string use = "203.0.113.7, Okta SCIM Client 1.0.0";
        Assert.That(
            (await browser.Open(Address)).Text,
            Does.Contain("Last used Not used yet").And.Contain("It has not been used yet."));

        await node.Introspect(active.Token!);
        await server.WriteUses();

        var time = Auth.Server.Pages.Portal.FormatTime(server.Time.GetUtcNow().UtcDateTime);
        Assert.That((await browser.Open(Address)).Text, Does.Contain($"Last used {time} from {use}")
            .And.Contain($"It was last used on {time} from {use}."));
        Assert.That((await browser.Open("/")).Text, Does.Contain($"Last used {time} from {use}"));
    }

    [Test]
    public async Task After_a_change_the_page_shows_who_still_uses_the_old_secret_until_the_first_successful_request()
    {
        var issued = await server.Generate(account);
        Assert.That(await News(issued), Does.Contain("They have not been used yet."));

        server.Time.Advance(TimeSpan.FromMinutes(1));
        await node.Introspect(active.Token!);
        await server.WriteUses();
        var time = Auth.Server.Pages.Portal.FormatTime(server.Time.GetUtcNow().UtcDateTime);
        Assert.That(await News(issued), Does.Contain("Your identity provider still uses the old token: "
            + $"last refused {time} from 203.0.113.7, Okta SCIM Client 1.0.0."));

        server.Time.Advance(TimeSpan.FromMinutes(1));
        await node.Introspect(issued.Token!);
        await server.WriteUses();
        time = Auth.Server.Pages.Portal.FormatTime(server.Time.GetUtcNow().UtcDateTime);
        Assert.That(await News(issued), Does.Contain($"First successful request: {time}.").And.Not.Contain("old token"));

        server.Time.Advance(TimeSpan.FromMinutes(1));
        await node.Introspect(active.Token!);
        await server.WriteUses();
        Assert.That(await News(issued), Does.Contain("Somebody still uses the old token: last refused"));
    }

    [Test]
    public async Task The_history_shows_all_sets_without_secrets()
    {
        await node.Introspect(active.Token!);
        var client = await server.Generate(account, CredentialMethods.OAuth2);
        await node.Introspect(active.Token!);
        await server.WriteUses();
        var staged = (await Stage("Manual")).Field("API Token");
        server.Time.Advance(TimeSpan.FromDays(8));
        using var later = await Browser.SignedIn(server);

        var page = await later.Open("/scim-credentials/history");

        var rows = page.Document.QuerySelectorAll("tbody tr").Select(Page.TextOf).ToList();
        Assert.That(rows, Has.Count.EqualTo(3));
        Assert.That(rows[0], Does.Contain($"ends in {staged[^4..]} Never activated").And.Contain("by ada@example.com"));
        Assert.That(rows[1], Does.Contain($"OAuth 2.0 Flow ends in {client.Set.LastFour} {client.Set.ClientId} Active")
            .And.Contain("by a test. Confirmed by 0 of 1 node."));
        Assert.That(rows[2], Does.Contain($"Direct JWT Token ends in {active.Set.LastFour} Replaced")
            .And.Contain("by a test"));
        Assert.That(
            rows[2].Split("from 203.0.113.7, Okta SCIM Client 1.0.0"), Has.Length.EqualTo(3), "used and refused");
        foreach (var secret in new[] { active.Token!, client.ClientSecret!, staged })
            Assert.That(page.Html, Does.Not.Contain(secret));
    }

    private static string LinkOf(Page page, string name) =>
        page.Document.QuerySelector($"a[aria-label='{name}']")!.GetAttribute("href")!;

    private async Task<Page> Stage(string takesOver, Page? form = null) => await browser.Submit(
        form ?? await browser.Open(Address), "Generate Credentials",
        ("Method", CredentialMethods.DirectJwt), ("TakesOver", takesOver));

    /// <summary>The progress of a set, as the page shows it and as the script polls it.</summary>
    private async Task<string> News(IssuedCredentials issued)
    {
        var fragment = await browser.Open($"{Address}?handler=News&set={issued.Set.Id}");
        var news = Page.TextOf(fragment.Document.Body!);
        Assert.That((await browser.Open(Address)).Text, Does.Contain(news));
        return news;
    }
}
