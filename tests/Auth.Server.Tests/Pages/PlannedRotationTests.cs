using Auth.Server.Accounts;
using Auth.Server.Credentials;
using Auth.Server.Tests.Connect;
using Auth.Server.Tests.Events;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
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
    private const string Generate = "/scim-credentials/generate";
    private const string Rotate = "/scim-credentials/rotate";
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
    public async Task New_credentials_can_take_effect_now()
    {
        var page = await browser.Open(Generate);

        var issued = await browser.Submit(page, "Generate Credentials", ("Method", CredentialMethods.DirectJwt));

        Assert.That(issued.Text, Does.Contain("It is active now. The previous credentials no longer work."));
        Assert.That(issued.Text, Does.Contain("In effect everywhere since"));
        Assert.That((await scim.Introspect(active.Token!)).Active, Is.False);
    }

    [TestCase("Manual", "The new credentials wait until you activate them.")]
    [TestCase("FirstUse", "Waiting for your identity provider: its first call activates the new credentials.")]
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
        Assert.That(page.Headings, Does.Contain("Rotation"));
        Assert.That(page.Text, Does.Contain(says).And.Contain($"API token ending in {token[^4..]}").And.Contain(
            $"they expire {TimeIn(TimeSpan.FromDays(7))}."));
        Assert.That(
            (await browser.Open(Generate)).Text,
            Does.Contain($"The staged API token ending in {token[^4..]} ends immediately"));
    }

    [Test]
    public async Task Activating_ends_the_current_credentials_and_a_second_click_is_told_who_did_it()
    {
        var token = (await Stage("Manual")).Field("API Token");
        var page = await browser.Open(Address);

        var done = await browser.Submit(page, "Activate now");
        var then = await browser.Follow(done);
        var again = await browser.Submit(page, "Activate now");

        Assert.That(done.Location, Is.EqualTo(Rotate));
        Assert.That(then.Text, Does.Contain(
            $"The staged credentials are active now: the API token ending in {token[^4..]}."));
        Assert.That(again.Status, Is.EqualTo(409));
        Assert.That(again.Text, Does.Contain("ada@example.com activated these credentials on"));
        Assert.That((await scim.Introspect(token)).Active);
        Assert.That((await scim.Introspect(active.Token!)).Active, Is.False);
    }

    [Test]
    public async Task Staging_again_requires_a_form_that_shows_the_staged_credentials()
    {
        var old = await browser.Open(Generate);
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
        Assert.That((await browser.Open(Address)).Headings, Does.Not.Contain("Rotation"));
    }

    [Test]
    public async Task A_set_of_another_account_is_neither_shown_nor_changed()
    {
        var other = await server.Generate(await server.CreateAccount("Other"));
        var question = await browser.Open(LinkOf(await browser.Open(Address), "Revoke the active credentials"));

        Assert.That((await browser.Open($"/scim-credentials/revoke?set={other.Set.Id}")).Location, Is.EqualTo(Address));
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
            Does.Contain("Last used Not used yet"));

        await node.Introspect(active.Token!);
        await server.WriteUses();

        var time = Auth.Server.Pages.Portal.FormatTime(server.Time.GetUtcNow().UtcDateTime);
        Assert.That((await browser.Open(Address)).Text, Does.Contain($"Last used {time} from {use}")
            .And.Contain($"Last call with the API token ending in {active.Set.LastFour}, from {use}."));
        Assert.That((await browser.Open(Generate)).Text, Does.Contain($"It was last used {time} from {use}."));
        Assert.That((await browser.Open("/")).Text, Does.Contain($"Last used {time} from {use}"));
    }

    [Test]
    public async Task The_steps_of_a_rotation_are_completed_one_after_another_and_never_contradict_each_other()
    {
        var token = (await Stage("FirstUse")).Field("API Token");
        Assert.That(await Steps(), Is.EqualTo(("Waiting for your identity provider: its first call activates the new "
            + "credentials.", "done, -, later")));

        await node.Introspect(active.Token!);
        await node.Introspect(token);
        await server.With(async (CredentialSets sets) =>
        {
            await sets.CompleteFirstUse(Guid.Parse(SetIdOf(token)), CancellationToken.None);
            return true;
        });
        Assert.That(await Steps(), Is.EqualTo(("Waiting for your identity provider…", "done, -, later")));

        server.Time.Advance(TimeSpan.FromMinutes(1));
        await node.Introspect(active.Token!);
        await server.WriteUses();
        Assert.That(await Steps(), Is.EqualTo(("Your identity provider still uses the old token.", "done, -, problem")));

        server.Time.Advance(TimeSpan.FromMinutes(1));
        await node.Introspect(token);
        await server.WriteUses();
        Assert.That(await Steps(), Is.EqualTo(("Done: your identity provider uses the new credentials, and nobody the "
            + "old ones.", "done, done, done")));

        server.Time.Advance(TimeSpan.FromMinutes(1));
        await node.Introspect(active.Token!);
        await server.WriteUses();
        Assert.That(await Steps(), Is.EqualTo(("Somebody still uses the old token.", "done, done, problem")));
        Assert.That((await browser.Open(Rotate)).Text, Does.Contain(
            $"A call with the API token ending in {active.Set.LastFour} was refused {TimeIn(TimeSpan.Zero)} from "
            + "203.0.113.7, Okta SCIM Client 1.0.0. Whoever sent it needs the new token."));
        Assert.That((await browser.Open($"{Rotate}?again=true")).FormWith("Generate Credentials").Button, Is.Not.Null);
        Assert.That((await browser.Open(Address)).Headings, Does.Contain("Rotation"));

        server.Time.Advance(TimeSpan.FromDays(1));
        using var later = await Browser.SignedIn(server);
        Assert.That((await later.Open(Address)).Headings, Does.Not.Contain("Rotation"));
        Assert.That((await later.Open(Rotate)).FormWith("Generate Credentials").Button, Is.Not.Null);
    }

    [Test]
    public async Task A_live_block_is_sent_again_only_if_something_has_changed()
    {
        await Stage("Manual");
        foreach (var (path, id) in new[] { (Address, "current-credentials"), (Rotate, "progress") })
        {
            var poll = (await browser.Open(path)).Document.GetElementById(id)!.GetAttribute("hx-get")!;
            Assert.That((await browser.Open(poll)).Status, Is.EqualTo(204), path);
            var outdated = await browser.Open(poll.Replace("seen=", "seen=x"));
            Assert.That(outdated.Document.Body!.FirstElementChild!.Id, Is.EqualTo(id), path);
        }

        await browser.Submit(await browser.Open(Rotate), "Activate now");
        server.Services.GetRequiredService<CredentialUses>().Used(
            (await server.FindActive(account))!.Id, "203.0.113.7", "Okta");
        await server.WriteUses();
        var block = (await browser.Open(Address)).Document.GetElementById("current-credentials")!;
        Assert.That(block.HasAttribute("hx-get"), Is.False, "nothing is about to change");
    }

    [TestCase(CredentialMethods.DirectJwt, "API Token")]
    [TestCase(CredentialMethods.OAuth2, "Client Secret")]
    public async Task Rotating_generates_credentials_of_the_same_kind_with_the_same_settings(
        string method, string label)
    {
        const string uri = "https://client.example/callback";
        (string, string)[] settings = method == CredentialMethods.DirectJwt
            ? [("LifetimeDays", "90")]
            : [("OtherRedirectUris", uri), ("RequirePkce", "true"), ("SecretLifetimeDays", "730")];
        await browser.Submit(
            await browser.Open(Generate), "Generate Credentials", [("Method", method), ("TakesOver", ""), .. settings]);
        var before = (await server.FindActive(account))!;
        await node.Introspect(active.Token!);

        // Rotating again is possible as soon as the last rotation is complete.
        server.Services.GetRequiredService<CredentialUses>().Used(before.Id, "203.0.113.7", "Okta");
        server.Time.Advance(TimeSpan.FromMinutes(1));
        server.Services.GetRequiredService<CredentialUses>().Used(before.Id, "203.0.113.7", "Okta");
        await server.WriteUses();
        var page = await browser.Open($"{Rotate}?again=true");
        var issued = await browser.Submit(page, "Generate Credentials", ("TakesOver", ""));

        Assert.That(issued.Status, Is.EqualTo(200), issued.Text);
        Assert.That(issued.Field(label), Is.Not.Empty);
        var after = (await server.FindActive(account))!;
        Assert.That(after.Id, Is.Not.EqualTo(before.Id));
        Assert.That(after.Method, Is.EqualTo(method));
        Assert.That(after.ExpiresAt - after.CreatedAt, Is.EqualTo(before.ExpiresAt - before.CreatedAt));
        if (method == CredentialMethods.OAuth2)
        {
            var asked = await browser.Open(
                $"/connect/authorize?response_type=code&client_id={after.ClientId}&redirect_uri={uri}");
            Assert.That(asked.Location, Does.StartWith($"{uri}?error=invalid_request"), "PKCE is required");
        }
    }

    [Test]
    public async Task The_history_is_a_timeline_without_secrets()
    {
        await node.Introspect(active.Token!);
        server.Time.Advance(TimeSpan.FromMinutes(1));
        var client = await server.Generate(account, CredentialMethods.OAuth2);
        server.Time.Advance(TimeSpan.FromMinutes(1));
        await node.Introspect(active.Token!);
        await server.WriteUses();
        server.Time.Advance(TimeSpan.FromMinutes(1));
        var staged = (await Stage("Manual")).Field("API Token");
        server.Time.Advance(TimeSpan.FromDays(8));
        using var later = await Browser.SignedIn(server);

        var page = await later.Open("/scim-credentials/history");

        var sentences = page.Document.QuerySelectorAll(".timeline li").Select(entry =>
            Page.TextOf(entry)[Page.TextOf(entry.QuerySelector("time")!).Length..].Trim());
        var (old, end) = ($"API token ending in {active.Set.LastFour}", $"API token ending in {staged[^4..]}");
        Assert.That(sentences, Is.EqualTo(new[]
        {
            $"The {end} was never activated, and expired.",
            $"ada@example.com staged the {end} (Direct JWT Token).",
            $"Last refused call with the {old}, after it had ended, from 203.0.113.7, Okta SCIM Client 1.0.0.",
            $"A test generated the client secret ending in {client.Set.LastFour} (OAuth 2.0 Flow).",
            $"A test replaced the {old}.",
            $"Last call with the {old}, from 203.0.113.7, Okta SCIM Client 1.0.0.",
            $"A test generated the {old} (Direct JWT Token).",
        }));
        foreach (var secret in new[] { active.Token!, client.ClientSecret!, staged })
            Assert.That(page.Html, Does.Not.Contain(secret));
    }

    private static string LinkOf(Page page, string name) =>
        page.Document.QuerySelector($"a[aria-label='{name}']")!.GetAttribute("href")!;

    private static string SetIdOf(string token) => new JsonWebToken(token).GetClaim("credential_set").Value;

    private string TimeIn(TimeSpan span) =>
        Auth.Server.Pages.Portal.FormatTime(server.Time.GetUtcNow().UtcDateTime + span);

    private async Task<Page> Stage(string takesOver, Page? form = null) => await browser.Submit(
        form ?? await browser.Open(Generate), "Generate Credentials",
        ("Method", CredentialMethods.DirectJwt), ("TakesOver", takesOver));

    /// <summary>
    /// The headline of the progress, and the states of its steps. They are the same on the page, where a script replaces
    /// the block, and on the page of the rotation.
    /// </summary>
    private async Task<(string Headline, string Steps)> Steps()
    {
        var shown = (await browser.Open(Rotate)).Document.GetElementById("progress")!;
        var live = (await browser.Open($"{Rotate}?handler=Live")).Document.GetElementById("progress")!;
        Assert.That(Page.TextOf(live), Is.EqualTo(Page.TextOf(shown)));
        return (
            Page.TextOf(shown.QuerySelector("[data-say]")!),
            string.Join(", ", shown.QuerySelectorAll(".steps > li").Select(step => step.ClassName switch
            {
                null or "" => "-",
                var state => state,
            })));
    }
}
