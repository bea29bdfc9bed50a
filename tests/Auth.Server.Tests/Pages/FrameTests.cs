using System.Security.Cryptography;
using System.Text.Json;
using Auth.Server.Accounts;
using Auth.Server.Tests.Pages.Security;

namespace Auth.Server.Tests.Pages;

/// <summary>What surrounds every page: its header, its errors, its scripts, and what happens without a session.</summary>
[Category("AnyDatabase")]
[Category("Slow")]
public sealed class FrameTests
{
    private AuthServer server = null!;
    private Account account = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        server = await AuthServer.Start();
        account = await server.CreateAccount("Acme & Söhne");
        await server.CreateAdministrator(account);
    }

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [Test]
    public async Task The_header_has_the_menu_of_the_setup_guide_and_the_account()
    {
        using var browser = await Browser.SignedIn(server);

        var header = (await browser.Open("/settings/audit-log")).Document.QuerySelector("header")!;

        Assert.That(header.QuerySelectorAll("nav > a, nav summary").Select(Page.TextOf), Is.EqualTo(new[]
        {
            "Overview", "SCIM Credentials", "Settings",
        }));
        Assert.That(header.QuerySelectorAll("nav details a").Select(Page.TextOf), Is.EqualTo(new[]
        {
            "User Management", "Provisioning Log", "Administrators", "Notices", "Management Clients",
            "Audit Log",
        }));
        Assert.That(header.QuerySelectorAll(".who > *:not([type=hidden])").Select(Page.TextOf), Is.EqualTo(new[]
        {
            "Acme & Söhne", "Security", "Sign out",
        }));
        Assert.That(
            header.QuerySelectorAll("[aria-current=page], .current").Select(Page.TextOf),
            Is.EqualTo(new[] { "Settings", "Audit Log" }));
    }

    [Test]
    public async Task The_content_security_policy_allows_what_htmx_is_configured_to_do()
    {
        using var browser = Browser.At(server);

        var meta = (await browser.Open("/sign-in")).Document.QuerySelector("meta[name=htmx-config]")!;

        var config = JsonDocument.Parse(meta.GetAttribute("content")!).RootElement;
        foreach (var off in new[] { "allowEval", "includeIndicatorStyles", "allowScriptTags", "historyEnabled" })
            Assert.That(config.GetProperty(off).GetBoolean(), Is.False, off);
    }

    [Test]
    public void Vendored_scripts_are_unchanged()
    {
        var folder = Path.Combine(ArchitectureTests.Repository(), "Auth.Server", "wwwroot", "lib");
        var vendored = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "vendored.json"))).RootElement
            .EnumerateArray()
            .ToDictionary(one => one.GetProperty("file").GetString()!, one => one.GetProperty("integrity").GetString());

        Assert.That(
            Directory.EnumerateFiles(folder).Select(Path.GetFileName).Except(["vendored.json"]),
            Is.EquivalentTo(vendored.Keys));
        foreach (var (file, integrity) in vendored)
        {
            var hash = SHA384.HashData(File.ReadAllBytes(Path.Combine(folder, file)));
            Assert.That($"sha384-{Convert.ToBase64String(hash)}", Is.EqualTo(integrity), file);
        }
    }

    [TestCase("/settings/administrators?handler=Invite&x=1", "/settings/administrators?x=1")]
    [TestCase("/scim-credentials/revoke", "/scim-credentials/revoke")]
    public async Task A_form_that_is_sent_after_signing_out_in_another_tab_is_answered_with_nothing_was_changed(
        string action, string page)
    {
        using var browser = await Browser.SignedIn(server);
        var form = await browser.Open("/settings/administrators");
        await browser.Submit(form, "Sign out");

        var refused = await browser.Post(action, ("email", "bob@example.com"));
        var signIn = await browser.Follow(refused);

        Assert.That(refused.Status, Is.EqualTo(302));
        Assert.That(
            Page.TextOf(signIn.Document.QuerySelector("#errors")!), Does.StartWith("Nothing was changed: you are no"));
        var signedIn = await browser.Submit(
            signIn, "Sign in", ("email", "ada@example.com"), ("password", AuthServer.Password));
        Assert.That(signedIn.Location, Is.EqualTo(page));
    }

    [Test]
    public async Task Signing_out_twice_ends_at_the_page_to_sign_in()
    {
        using var browser = await Browser.SignedIn(server);
        var page = await browser.Open("/");
        await browser.Submit(page, "Sign out");

        var again = await browser.Submit(page, "Sign out");

        Assert.That(again.Location, Is.EqualTo("/sign-in"));
        Assert.That((await browser.Follow(again)).Document.QuerySelector("#errors"), Is.Null);
    }

    [Test]
    public async Task A_page_that_is_requested_after_the_session_has_ended_is_shown_after_signing_in()
    {
        using var browser = Browser.At(server);

        var answer = await browser.Open("/settings/audit-log?before=7");

        Assert.That(answer.Location, Is.EqualTo("/sign-in?returnUrl=%2Fsettings%2Faudit-log%3Fbefore%3D7"));
        Assert.That((await browser.Follow(answer)).Document.QuerySelector("#errors"), Is.Null);
    }

    [Test]
    public async Task Errors_are_at_the_top_of_the_page_and_receive_the_focus()
    {
        using var browser = await Browser.SignedIn(server);
        var page = await browser.Open("/settings/administrators");

        var refused = await browser.Submit(page, "Invite", ("email", "nonsense"));

        var first = refused.Document.QuerySelector("main")!.FirstElementChild!;
        Assert.That(first.Id, Is.EqualTo("errors"));
        Assert.That(Page.TextOf(first), Is.Not.Empty);
        Assert.That(first.HasAttribute("autofocus") && first.GetAttribute("tabindex") == "-1");
        Assert.That(refused.Document.Title, Does.StartWith("Error: "));
    }

    [TestCase("/", "same-origin")]
    [TestCase("/sign-in", "same-origin")]
    [TestCase("/portal.css", "same-origin")]
    [TestCase("/connect/authorize?client_id=x", null)]
    [TestCase("/sign-in?returnUrl=%2Fconnect%2Fauthorize%3Fclient_id%3Dx", null)]
    [TestCase("/security/confirm?returnUrl=%2Fconnect%2Fauthorize%3Fclient_id%3Dx", null)]
    public async Task Only_the_window_that_a_provider_opened_for_consent_keeps_its_opener(string path, string? policy)
    {
        using var browser = await Browser.SignedIn(server);

        var answer = await browser.Open(path);

        Assert.That(answer.Header("Cross-Origin-Opener-Policy"), Is.EqualTo(policy));
        Assert.That(answer.Header("Permissions-Policy"), Does.Contain("camera=()")
            .And.Contain("publickey-credentials-get=(self)").And.Contain("clipboard-write=(self)"));
    }

    [Test]
    public async Task A_wrong_password_on_the_way_to_consent_keeps_the_opener_too()
    {
        using var browser = Browser.At(server);
        var signIn = await browser.Open("/sign-in?returnUrl=%2Fconnect%2Fauthorize%3Fclient_id%3Dx");

        var refused = await browser.Submit(signIn, "Sign in", ("email", "ada@example.com"), ("password", "wrong"));

        Assert.That(refused.Status, Is.EqualTo(400));
        Assert.That(refused.Header("Cross-Origin-Opener-Policy"), Is.Null);
    }

    [Test]
    public async Task A_suspended_account_is_read_only()
    {
        var suspended = await server.CreateAccount("Suspended Ltd", new AccountChange(ScimEnabled: true));
        await server.CreateAdministrator(suspended, "sue@example.com");
        using var browser = await Browser.SignedIn(server, "sue@example.com");
        var form = await browser.Open("/settings/administrators");
        await server.With<AccountRegister, Account>(
            accounts => accounts.Update(suspended.Id, new(Suspended: true), CancellationToken.None));

        foreach (var path in new[] { "/", "/scim-credentials", "/settings/administrators", "/security" })
        {
            var page = await browser.Open(path);
            Assert.That(page.Status, Is.EqualTo(200), path);
            Assert.That(page.Text, Does.Contain("Suspended Ltd is suspended.").And.Not.Contain("not enabled"), path);
        }

        var refused = await browser.Submit(form, "Invite", ("email", "bob@example.com"));
        Assert.That(refused.Status, Is.EqualTo(403));
        Assert.That(
            Page.TextOf(refused.Document.QuerySelector("#errors")!),
            Is.EqualTo("Suspended Ltd is suspended. Nothing was changed. Write to support@scileads.com."));
        Assert.That(refused.Text, Does.Not.Contain("bob@example.com"));
        // How its administrators sign in is their own affair.
        Assert.That((await browser.SetUpApp(server)).RecoveryCodes, Is.Not.Empty);
        Assert.That((await browser.Submit(form, "Sign out")).Location, Is.EqualTo("/sign-in"));
    }

    [Test]
    public async Task The_documentation_of_the_management_API_leads_back_and_not_to_its_makers_services()
    {
        using var browser = Browser.At(server);

        var html = (await browser.Open("/management/docs/")).Html;

        Assert.That(html, Does.Contain("""<a href="/settings/management-clients">"""));
        Assert.That(html, Does.Contain("\"hideClientButton\":true").And.Contain("\"showDeveloperTools\":\"never\""));
        Assert.That(html, Does.Match("\"agent\":\\{[^}]*\"disabled\":true").And.Match("\"mcp\":\\{[^}]*\"disabled\":true"));
    }
}
