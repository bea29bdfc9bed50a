using Auth.Server.Accounts;
using Auth.Server.Administrators;
using Auth.Server.Audit;
using Auth.Server.Connect;
using Auth.Server.Pages.Operators;
using Auth.Server.Tests.Connect;
using Auth.Server.Tests.Pages.Security;
using Microsoft.EntityFrameworkCore;
using Shared.Contracts;
using static Auth.Server.Tests.Pages.Operators.OperatorSignIn;

namespace Auth.Server.Tests.Pages.Operators;

/// <summary>An operator looks at an account as its administrators see it, and changes nothing there.</summary>
[Category("AnyDatabase")]
[Category("Slow")]
public sealed class ViewTests
{
    private const string Button = "View as customer";

    private AuthServer server = null!;
    private Account account = null!;
    private Browser olga = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        server = await AuthServer.Start();
        account = await server.CreateAccount("Viewed KG");
        await server.CreateAdministrator(account);
        (olga, _) = await server.SignInOperator();
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        olga.Dispose();
        await server.DisposeAsync();
    }

    [Test]
    public async Task The_pages_of_the_portal_are_shown_and_how_the_operator_signs_in_belongs_to_the_console()
    {
        await View(olga);
        foreach (var path in new[] { "/", "/scim-credentials", "/settings/administrators", "/settings/audit-log" })
        {
            var page = await olga.Open(path);
            Assert.That(page.Status, Is.EqualTo(200), path);
            Assert.That(page.Text, Does.Contain("You are looking at Viewed KG as its administrators see it."), path);
        }
        foreach (var path in new[] { "/security", "/security/password", "/security/confirm" })
            Assert.That((await olga.Open(path)).Location, Is.EqualTo("/operator/security"), path);
        server.Time.Advance(TimeSpan.FromMinutes(11));
        Assert.That((await olga.Open("/settings/administrators")).Status, Is.EqualTo(200), "without a new sign-in");
    }

    [Test]
    public async Task Every_form_of_the_portal_is_refused_except_to_leave()
    {
        var client = (await server.Generate(account, CredentialMethods.OAuth2, AllowedClient.RedirectUri)).Set.ClientId!;
        await View(olga);
        var token = (await olga.Open("/settings/audit-log")).Document
            .QuerySelector("input[name=__RequestVerificationToken]")!.GetAttribute("value")!;
        var entries = await server.WithDatabase(db => db.AuditEntries.CountAsync());
        var forms = (await PageForms.Of(server)).Where(form => !form.Path.StartsWith(Root)
            && form.Page is not ("/SignIn" or "/SignOut" or "/ForgottenPassword" or "/Invitation" or "/Error")).ToList();
        Assert.That(forms.Select(form => form.Page).Distinct().Count(), Is.GreaterThan(12));
        Assert.That(forms.Select(form => form.Page), Does.Contain("/Authorize"));

        foreach (var (page, path, handler) in forms)
        {
            var refused = await olga.Post(
                $"{path}?handler={handler}", ("__RequestVerificationToken", token), ("client_id", client),
                ("response_type", "code"), ("decision", "allow"), ("Email", "new@example.com"));
            if (page.StartsWith("/Security/"))
            {
                Assert.That(refused.Location, Is.EqualTo("/operator/security"), $"{page} {handler}");
                continue;
            }
            Assert.That(refused.Status, Is.EqualTo(403), $"{page} {handler}");
            // The consent page has its own way to say so.
            if (page != "/Authorize")
                Assert.That(refused.Html, Does.Contain("You are only looking at Viewed KG. Nothing was changed."), page);
        }
        Assert.That(
            await server.WithDatabase(db => db.AuditEntries.CountAsync()), Is.EqualTo(entries), "nothing was done");
    }

    [Test]
    public async Task The_customer_reads_who_looked_at_the_account()
    {
        await View(olga);
        using var ada = await Browser.SignedIn(server);
        Assert.That(
            (await ada.Open("/settings/audit-log?topic=Account")).Document.QuerySelectorAll("tbody th")
                .Select(Page.TextOf),
            Does.Contain($"SciLeads ({Olga}) looked at the account."));
        Assert.That(
            (await ada.Open($"/settings/audit-log?by={Olga}")).Document.QuerySelectorAll("tbody th")
                .Select(Page.TextOf).ToList(),
            Is.Not.Empty.And.All.StartsWith($"SciLeads ({Olga})"));
    }

    [Test]
    public async Task A_view_ends_when_the_operator_goes_back_or_leaves_the_console()
    {
        var (browser, _) = await server.SignInOperator("otis@scileads.example");
        using (browser)
        {
            await View(browser);
            var back = await browser.Submit(await browser.Open("/settings/audit-log"), "Back to the operator console");
            Assert.That(back.Location, Is.EqualTo(AccountModel.AddressOf(account.Id)));
            Assert.That((await browser.Open("/")).Location, Does.StartWith("/sign-in"));
            Assert.That((await browser.Open("/operator")).Status, Is.EqualTo(200), "the console stays open");

            await View(browser);
            await browser.Submit(await browser.Open("/operator"), "Sign out");
            Assert.That((await browser.Open("/")).Location, Does.StartWith("/sign-in"), "signed out");
        }
    }

    [Test]
    public async Task A_view_is_listed_among_the_operators_sessions_and_ends_when_that_of_the_console_is_ended_elsewhere()
    {
        const string email = "odette@scileads.example";
        var (here, app) = await server.SignInOperator(email);
        using var elsewhere = Browser.At(server);
        using (here)
        {
            await View(here);
            server.Time.Advance(TimeSpan.FromMinutes(1));
            await elsewhere.Submit(
                await elsewhere.EnterPassword(email, Root, Root), "Continue", ("code", app.CodeAt(server)));
            var security = await elsewhere.Open("/operator/security");
            var rows = security.Document.QuerySelectorAll("section[aria-labelledby=sessions] tbody tr").ToList();
            Assert.That(
                rows.Select(row => row.TextContent.Contains("Viewing Viewed KG as customer")).Order(),
                Is.EqualTo(new[] { false, false, true }));

            var ofConsole = rows.Single(row => row.QuerySelector("form") is not null
                && !row.TextContent.Contains("Viewing")).QuerySelector("input[name=id]")!.GetAttribute("value")!;
            await elsewhere.Post("/operator/security?handler=End", ("id", ofConsole), (
                "__RequestVerificationToken",
                security.Document.QuerySelector("input[name=__RequestVerificationToken]")!.GetAttribute("value")!));

            Assert.That((await here.Open("/operator")).Location, Does.StartWith("/operator/sign-in"));
            Assert.That((await here.Open("/")).Location, Does.StartWith("/sign-in"), "the view");
            Assert.That((await elsewhere.Open("/operator")).Status, Is.EqualTo(200));
        }
    }

    [Test]
    public async Task A_token_of_a_view_is_read_only_for_its_account_and_ends_with_it()
    {
        using var scim = await ResourceServer.Register(server);
        var (browser, _) = await server.SignInOperator("ophelia@scileads.example");
        using (browser)
        {
            await View(browser);
            var session = await server.WithDatabase(db => db.Sessions.SingleAsync(one => one.AccountId == account.Id
                && one.EndedAt == null && one.Administrator.Email == "ophelia@scileads.example"));
            var token = await server.With((TokenIssuer tokens) => tokens.Issue(
                account.Id, "portal", [Scopes.Scim, Scopes.Portal], server.Time.GetUtcNow().UtcDateTime.AddMinutes(5),
                (IssuedUnder.Session, session.Id.ToString())));

            var answer = await scim.Introspect(token);
            Assert.That((answer.Active, answer.Account!.Id, answer.Act!.ReadOnly), Is.EqualTo((true, account.Id, true)));
            await server.With(async (Memberships memberships) =>
            {
                await memberships.Remove(
                    new("ophelia@scileads.example", IsOperator: true), TestOperations.Actor(), CancellationToken.None);
                return true;
            });

            Assert.That((await scim.Introspect(token)).Active, Is.False);
            Assert.That((await browser.Open("/")).Location, Does.StartWith("/sign-in"));
            Assert.That((await browser.Open("/operator")).Location, Does.StartWith("/operator/sign-in"));
        }
    }

    private async Task View(Browser browser)
    {
        var viewed = await browser.Submit(await browser.Open(AccountModel.AddressOf(account.Id)), Button);
        Assert.That(viewed.Location, Is.EqualTo("/"));
    }
}
