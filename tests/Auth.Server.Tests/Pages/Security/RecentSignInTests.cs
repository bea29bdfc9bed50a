using Auth.Server.Accounts;
using Auth.Server.Credentials;
using Auth.Server.Tests.Connect;
using Microsoft.EntityFrameworkCore;
using Shared.Contracts;

namespace Auth.Server.Tests.Pages.Security;

/// <summary>How long an unused session lasts, and what requires a sign-in within the last ten minutes.</summary>
[Category("Slow")]
[Category("AnyDatabase")]
public sealed class RecentSignInTests
{
    private const string Credentials = "/scim-credentials";
    private const string Generate = "/scim-credentials/generate";
    private AuthServer server = null!;
    private Account account = null!;
    private Browser ada = null!;

    [SetUp]
    public async Task Start()
    {
        server = await AuthServer.Start();
        account = await server.CreateAccount();
        await server.CreateAdministrator(account);
        ada = await Browser.SignedIn(server);
    }

    [TearDown]
    public async Task Stop()
    {
        ada.Dispose();
        await server.DisposeAsync();
    }

    [Test]
    public async Task An_unused_session_ends_after_half_an_hour()
    {
        server.Time.Advance(TimeSpan.FromMinutes(29));
        Assert.That((await ada.Open("/")).Status, Is.EqualTo(200));
        server.Time.Advance(TimeSpan.FromMinutes(30) - TimeSpan.FromSeconds(1));
        Assert.That((await ada.Open("/")).Status, Is.EqualTo(200), "use has prolonged it");
        server.Time.Advance(TimeSpan.FromMinutes(30));
        Assert.That((await ada.Open("/")).Location, Does.StartWith("/sign-in"));
        using var other = await Browser.SignedIn(server);
        Assert.That((await other.Open("/security")).Document.QuerySelectorAll("tbody tr"), Has.Exactly(1).Items);
    }

    [Test]
    public async Task Polling_by_a_page_does_not_count_as_use()
    {
        await server.Generate(account);
        for (var minutes = 0; minutes < 29; minutes++)
        {
            server.Time.Advance(TimeSpan.FromMinutes(1));
            Assert.That((await ada.Open($"{Credentials}?handler=Live")).Status, Is.EqualTo(200));
        }
        server.Time.Advance(TimeSpan.FromMinutes(1));
        var polled = await ada.Open($"{Credentials}?handler=Live");
        Assert.That((polled.Status, polled.Html), Is.EqualTo((286, "")), "ends the polling, and replaces nothing");
        Assert.That(polled.Header("HX-Reswap"), Is.EqualTo("none"));
        Assert.That((await ada.Open("/")).Location, Does.StartWith("/sign-in"));
    }

    [TestCase("generate")]
    [TestCase("stage")]
    [TestCase("activate")]
    [TestCase("revoke active")]
    [TestCase("revoke staged")]
    public async Task Credentials_are_changed_only_after_a_recent_sign_in(string what)
    {
        await server.Generate(account);
        await Stage();
        var (page, button, fields) = what switch
        {
            "generate" => (await ada.Open(Generate), "Generate Credentials", new[] { ("Method", "direct_jwt") }),
            "stage" => (
                await ada.Open(Generate), "Generate Credentials", [("Method", "direct_jwt"), ("TakesOver", "Manual")]),
            "activate" => (await ada.Open(Credentials), "Activate now", []),
            _ => (
                await ada.Open((await ada.Open(Credentials)).Document.QuerySelector(
                    $"a[aria-label='Revoke the {what.Split(' ')[1]} credentials']")!.GetAttribute("href")!),
                "Revoke", []),
        };
        server.Time.Advance(TimeSpan.FromMinutes(10));
        var before = await Sets();

        var asked = await ada.Submit(page, button, fields);

        Assert.That(asked.Location, Does.StartWith("/security/confirm?returnUrl="));
        Assert.That(await Sets(), Is.EqualTo(before), "nothing was done");
        var confirmed = await ada.Submit(await ada.Follow(asked), "Confirm", ("password", AuthServer.Password));
        var again = await ada.Follow(confirmed);
        Assert.That(again.Status, Is.EqualTo(200));
        var done = await ada.Submit(
            again, button, [.. what == "stage" ? fields : [.. fields.Where(field => field.Item1 != "Method")]]);
        Assert.That(done.Status, Is.AnyOf(200, 302));
        Assert.That(await Sets(), Is.Not.EqualTo(before));
    }

    [Test]
    public async Task The_form_is_filled_in_again_once()
    {
        var page = await ada.Open(Generate);
        server.Time.Advance(TimeSpan.FromMinutes(10));

        var asked = await ada.Submit(
            page, "Generate Credentials", ("Method", CredentialMethods.OAuth2), ("OktaApp", "scileads_1"),
            ("OtherRedirectUris", "https://client.example/callback\nhttps://client.example/é"),
            ("RequirePkce", "true"));
        var confirmed = await ada.Submit(await ada.Follow(asked), "Confirm", ("password", AuthServer.Password));
        var again = await ada.Follow(confirmed);

        Assert.That(again.Document.QuerySelector("#oauth2")!.HasAttribute("checked"));
        Assert.That(again.Document.QuerySelector("#okta-app")!.GetAttribute("value"), Is.EqualTo("scileads_1"));
        Assert.That(again.Document.QuerySelector("#redirect-uris")!.TextContent,
            Does.Contain("https://client.example/callback\nhttps://client.example/é"));
        Assert.That(again.Document.QuerySelector("[name=RequirePkce]")!.HasAttribute("checked"));
        Assert.That((await ada.Open(Generate)).Document.QuerySelector("#oauth2")!.HasAttribute("checked"), Is.False);
    }

    [Test]
    public async Task The_pages_themselves_and_a_check_require_no_recent_sign_in()
    {
        await server.Generate(account);
        await Stage();
        server.Time.Advance(TimeSpan.FromMinutes(20));
        Assert.That((await ada.Open("/scim-credentials/history")).Status, Is.EqualTo(200));
        var page = await ada.Open(Credentials);
        Assert.That(page.Status, Is.EqualTo(200));
        Assert.That((await ada.Submit(page, "Check", ("secret", "wrong"))).Status, Is.EqualTo(200));
    }

    [TestCase("Allow")]
    [TestCase("Deny")]
    public async Task Consent_requires_a_recent_sign_in_and_the_request_is_kept(string button)
    {
        var issued = await server.Generate(account, CredentialMethods.OAuth2, AllowedClient.RedirectUri);
        var consent = await ada.Open(
            $"/connect/authorize?response_type=code&client_id={issued.Set.ClientId}&state=a%20%26%20b"
            + $"&redirect_uri={Uri.EscapeDataString(AllowedClient.RedirectUri)}");
        Assert.That(consent.Status, Is.EqualTo(200));
        server.Time.Advance(TimeSpan.FromMinutes(10));

        var asked = await ada.Submit(consent, button);
        Assert.That(asked.Location, Does.StartWith("/security/confirm?returnUrl="));
        Assert.That(asked.Location, Does.Not.Contain("RequestVerificationToken").And.Not.Contain("decision"));
        var confirmed = await ada.Submit(await ada.Follow(asked), "Confirm", ("password", AuthServer.Password));
        var answered = await ada.Submit(await ada.Follow(confirmed), button);

        Assert.That(answered.Location, Does.StartWith(AllowedClient.RedirectUri).And.Contain("state=a%20%26%20b"));
        Assert.That(answered.Location, Does.Contain(button == "Allow" ? "code=" : "error=access_denied"));
    }

    private async Task Stage() => await ada.Submit(
        await ada.Open(Generate), "Generate Credentials", ("Method", "direct_jwt"), ("TakesOver", "Manual"));

    private async Task<string> Sets() =>
        string.Join('\n', await server.WithDatabase(db => db.CredentialSets.AsNoTracking()
        .OrderBy(set => set.Id).Select(set => $"{set.Id} {set.State}").ToListAsync()));
}
