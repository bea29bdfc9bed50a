using Auth.Server.Accounts;
using Auth.Server.Administrators;
using Auth.Server.Tests.Connect;
using Auth.Server.Tests.Pages.Security;
using Microsoft.EntityFrameworkCore;
using Shared.Contracts;

namespace Auth.Server.Tests.Pages;

/// <summary>A read-only administrator looks at everything, and changes only how they sign in.</summary>
[Category("AnyDatabase")]
[Category("Slow")]
public sealed class ReadOnlyTests
{
    private const string Sentence = "Your access to Demo is read-only. Nothing was changed. Ask an administrator.";

    // Whoever must sign in, or may change how, does so whatever the role. The page of errors does nothing.
    private static readonly string[] exempt = ["/SignIn", "/SignOut", "/ForgottenPassword", "/Invitation", "/Error"];

    private AuthServer server = null!;
    private Account account = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        server = await AuthServer.Start();
        account = await server.CreateAccount();
        await server.CreateAdministrator(account);
        await server.CreateAdministrator(account, "reader@example.com", readOnly: true);
    }

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [Test]
    public async Task Every_form_of_the_portal_is_refused_except_those_about_signing_in()
    {
        var client = (await server.Generate(account, CredentialMethods.OAuth2, AllowedClient.RedirectUri)).Set.ClientId!;
        using var reader = await Browser.SignedIn(server, "reader@example.com");
        var token = (await reader.Open("/settings/administrators")).Document
            .QuerySelector("main input[name=__RequestVerificationToken]")!.GetAttribute("value")!;
        var forms = (await PageForms.Of(server)).Where(form => !exempt.Contains(form.Page)
            && !form.Page.StartsWith("/Security/", StringComparison.Ordinal)
            // No session of the portal opens the operator console.
            && !form.Page.StartsWith("/Operators/", StringComparison.Ordinal)).ToList();
        // The administrators' page alone has two. A page without handlers here would be a fault of this test.
        Assert.That(forms.Select(form => form.Page).Distinct().Count(), Is.GreaterThan(8));
        Assert.That(
            forms.Select(form => $"{form.Page} {form.Handler}"),
            Does.Contain("/Settings/Administrators Invite").And.Contain("/Authorize "));
        var entries = await server.WithDatabase(db => db.Set<Auth.Server.Audit.AuditEntry>().CountAsync());

        foreach (var (page, path, handler) in forms)
        {
            var answer = await reader.Post(
                $"{path}?handler={handler}", ("__RequestVerificationToken", token), ("client_id", client),
                ("response_type", "code"), ("decision", "allow"), ("Email", "new@example.com"));
            Assert.That(answer.Status, Is.EqualTo(403), $"{page} {handler}");
            // The consent page has its own way to say so.
            if (page != "/Authorize")
                Assert.That(answer.Html, Does.Contain(Sentence), $"{page} {handler}");
        }

        Assert.That(
            await server.WithDatabase(db => db.Set<Auth.Server.Audit.AuditEntry>().CountAsync()), Is.EqualTo(entries),
            "nothing was done");
    }

    [Test]
    public async Task Pages_are_shown_and_how_to_sign_in_can_be_changed()
    {
        using var reader = await Browser.SignedIn(server, "reader@example.com");
        foreach (var path in new[] { "/", "/scim-credentials", "/settings/administrators", "/settings/audit-log" })
        {
            var page = await reader.Open(path);
            Assert.That(page.Status, Is.EqualTo(200), path);
            Assert.That(page.Text, Does.Contain("Your access is read-only"), path);
        }

        Assert.That((await reader.SetUpApp(server)).RecoveryCodes, Is.Not.Empty);
        Assert.That((await reader.Submit(await reader.Open("/"), "Sign out")).Location, Is.EqualTo("/sign-in"));
    }

    [Test]
    public async Task Another_role_has_an_effect_at_once()
    {
        await server.CreateAdministrator(account, "ann@example.com");
        using var ann = await Browser.SignedIn(server, "ann@example.com");
        var page = await ann.Open("/settings/administrators");

        await ChangeRole(readOnly: true);
        var refused = await ann.Submit(page, "Invite", ("email", "one@example.com"));
        await ChangeRole(readOnly: false);
        var allowed = await ann.Submit(page, "Invite", ("email", "two@example.com"));

        Assert.That((refused.Status, allowed.Status), Is.EqualTo((403, 200)));
        Assert.That(allowed.Text, Does.Contain("two@example.com").And.Not.Contain("one@example.com"));

        Task<bool> ChangeRole(bool readOnly) => server.With(async (Memberships memberships) =>
        {
            await memberships.ChangeRole(
                new("ann@example.com"), readOnly, TestOperations.Actor(), CancellationToken.None);
            return true;
        });
    }
}
