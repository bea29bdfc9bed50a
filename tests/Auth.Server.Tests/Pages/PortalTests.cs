using AngleSharp.Dom;
using Auth.Server.Accounts;
using Auth.Server.Administrators;
using Auth.Server.Credentials;
using Auth.Server.Issuance;
using Auth.Server.Tests.Pages.Security;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Shared.Contracts;

namespace Auth.Server.Tests.Pages;

/// <summary>What is true of every page.</summary>
[Category("AnyDatabase")]
[Category("Slow")]
public sealed class PortalTests
{
    [TestCase("/sign-in")]
    [TestCase("/")]
    [TestCase("/scim-credentials")]
    [TestCase("/scim-credentials/history")]
    [TestCase("/scim-credentials/generate")]
    [TestCase("/scim-credentials/rotate")]
    [TestCase("/scim-credentials/check")]
    [TestCase("/scim-credentials/test")]
    [TestCase("/scim-credentials/connect")]
    [TestCase("/scim-credentials/revoke")]
    [TestCase("/settings/user-management")]
    [TestCase("/settings/user-management/why")]
    [TestCase("/settings/provisioning-log")]
    [TestCase("/settings/administrators")]
    [TestCase("/settings/notices")]
    [TestCase("/settings/audit-log")]
    [TestCase("/settings/management-clients")]
    [TestCase("/security")]
    [TestCase("/security/password")]
    [TestCase("/security/confirm")]
    [TestCase("/security/authenticator")]
    [TestCase("/security/passkeys")]
    [TestCase("/security/recovery-codes")]
    [TestCase("/forgotten-password")]
    [TestCase("/invitation")]
    [TestCase("/connect/authorize?client_id=nobody&response_type=code")]
    [TestCase("/no/such/page")]
    [TestCase("/error")]
    [Category("Check 11")]
    public async Task A_page_cannot_be_framed_sniffed_stored_or_scripted(string path)
    {
        await using var server = await Server();
        using var browser = path.StartsWith("/sign-in") ? Browser.At(server) : await Browser.SignedIn(server);
        path = await Prepare(server, browser, path);

        var page = await browser.Open(path);

        Assert.That(page.Header("X-Frame-Options"), Is.EqualTo("DENY"));
        Assert.That(page.Header("X-Content-Type-Options"), Is.EqualTo("nosniff"));
        Assert.That(page.Header("Referrer-Policy"), Is.EqualTo("no-referrer"));
        Assert.That(page.Header("Cache-Control"), Does.Contain("no-store"));
        var policy = page.Header("Content-Security-Policy");
        Assert.That(policy, Does.StartWith("default-src 'none'; script-src 'self'; style-src 'self';"));
        Assert.That(policy, Does.Contain("form-action 'self';").And.Contain("frame-ancestors 'none'"));
        Assert.That(policy, Does.Not.Contain("unsafe"));
        var elements = page.Document.All;
        Assert.That(elements.Where(e => e.LocalName is "style" or "script" && e.TextContent.Length > 0), Is.Empty);
        Assert.That(
            elements.SelectMany(e => e.Attributes).Select(a => a.Name).Where(name => name is "style" or ['o', 'n', ..]),
            Is.Empty, "the policy would block them");
        Assert.That(page.Headings, Is.Not.Empty);
        Assert.That(page.Document.QuerySelectorAll("h1"), Has.Exactly(1).Items);
    }

    [Test]
    public async Task All_pages_are_tested()
    {
        var tested = typeof(PortalTests).GetMethod(nameof(A_page_cannot_be_framed_sniffed_stored_or_scripted))!
            .GetCustomAttributes(typeof(TestCaseAttribute), inherit: false)
            .Select(test => ((string)((TestCaseAttribute)test).Arguments[0]!).Split('?')[0]);
        await using var server = await AuthServer.Start();

        var pages = server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.Metadata.GetMetadata<PageActionDescriptor>() is not null)
            .Select(endpoint => $"/{endpoint.RoutePattern.RawText!.Split("/{")[0]}")
            // The pages of the operator console have a test of their own.
            .Where(path => !path.StartsWith(Site.Console.Root));

        Assert.That(pages.Except(tested), Is.EqualTo(new[] { "/sign-out" }), "which only redirects");
    }

    [TestCase("/")]
    [TestCase("/sign-in")]
    [TestCase("/scim-credentials")]
    [TestCase("/scim-credentials/history")]
    [TestCase("/scim-credentials/generate")]
    [TestCase("/scim-credentials/rotate")]
    [TestCase("/scim-credentials/check")]
    [TestCase("/scim-credentials/test")]
    [TestCase("/scim-credentials/connect")]
    [TestCase("/scim-credentials/connect?provider=okta")]
    [TestCase("/scim-credentials/connect?provider=entra")]
    [TestCase("/scim-credentials/revoke")]
    [TestCase("/settings/user-management")]
    [TestCase("/settings/user-management/why")]
    [TestCase("/settings/provisioning-log")]
    [TestCase("/settings/administrators")]
    [TestCase("/settings/notices")]
    [TestCase("/settings/audit-log")]
    [TestCase("/security")]
    [TestCase("/security/password")]
    [TestCase("/security/confirm")]
    [TestCase("/security/authenticator")]
    [TestCase("/security/passkeys")]
    [TestCase("/security/recovery-codes")]
    [TestCase("/forgotten-password")]
    [TestCase("/invitation")]
    public async Task Every_field_has_a_label_and_ids_are_unique(string path)
    {
        await using var server = await Server();
        using var browser = path.StartsWith("/sign-in") ? Browser.At(server) : await Browser.SignedIn(server);
        path = await Prepare(server, browser, path);

        var document = (await browser.Open(path)).Document;

        var ids = document.QuerySelectorAll("[id]").Select(element => element.Id).ToList();
        Assert.That(ids, Is.Unique);
        foreach (var field in document.QuerySelectorAll("input:not([type=hidden]), textarea, select"))
        {
            var labels = document.QuerySelectorAll($"label[for='{field.Id}']").Append(field.Closest("label"));
            Assert.That(labels.OfType<IElement>().Count(), Is.EqualTo(1), field.OuterHtml);
        }

        foreach (var reference in document.QuerySelectorAll("[aria-labelledby], [aria-describedby]"))
        {
            var named = $"{reference.GetAttribute("aria-labelledby")} {reference.GetAttribute("aria-describedby")}";
            Assert.That(named.Split(' ', StringSplitOptions.RemoveEmptyEntries), Is.SubsetOf(ids), reference.OuterHtml);
        }
    }

    [TestCase("/sign-in", "email", "ada@example.com")]
    [TestCase("/sign-out", "returnUrl", "/")]
    [TestCase("/scim-credentials/generate", "Method", "direct_jwt")]
    [TestCase("/scim-credentials/connect", "Method", "direct_jwt")]
    [TestCase("/scim-credentials/check", "secret", "x")]
    [TestCase("/scim-credentials/test", "x", "x")]
    [TestCase("/scim-credentials/revoke", "set", "x")]
    [TestCase("/scim-credentials/rotate?handler=Activate", "set", "x")]
    [TestCase("/forgotten-password", "email", "ada@example.com")]
    [TestCase("/invitation?handler=Accept", "code", "x")]
    [TestCase("/security?handler=EndAll", "id", "x")]
    [TestCase("/security/password", "current", "x")]
    [TestCase("/security/passkeys?handler=Remove", "id", "x")]
    [TestCase("/security/authenticator?handler=Remove", "code", "x")]
    [TestCase("/sign-in?handler=Passkey", "answer", "{}")]
    [TestCase("/settings/administrators?handler=Invite", "Email", "bob@example.com")]
    [TestCase("/settings/notices?handler=Add", "address", "https://example.com/")]
    [TestCase("/settings/user-management?handler=Add", "Email", "bob@example.com")]
    [TestCase("/settings/user-management/0193f3b0-0000-7000-8000-000000000000?handler=SetActive", "active", "false")]
    [Category("Check 12")]
    public async Task A_form_without_antiforgery_token_is_refused(string path, string field, string value)
    {
        await using var server = await Server();
        using var browser = path.StartsWith("/sign-in") ? Browser.At(server) : await Browser.SignedIn(server);

        var answer = await browser.Post(path, (field, value));

        Assert.That(answer.Status, Is.EqualTo(400));
        Assert.That(answer.Text, Does.Contain("Nothing was changed"));
    }

    [Test]
    public async Task With_HTTPS_cookies_are_secure_and_limited_to_the_host()
    {
        await using var server = await AuthServer.Start("--Auth:PublicUrl=https://iam.example.com");
        await server.CreateAdministrator(await server.CreateAccount());
        using var http = server.CreateClient();
        var cookies = (await http.GetAsync(new Uri("/sign-in", UriKind.Relative))).Headers.GetValues("Set-Cookie");
        Assert.That(cookies, Has.All.StartsWith("__Host-").And.All.Contains("secure").And.All.Contains("httponly"));
    }

    [TestCase("/no/such/page", "text/html", "text/html")]
    [TestCase("/no/such/page", "application/json", null)]
    [TestCase("/management/nothing", "text/html", "application/problem+json")]
    [TestCase("/management/nothing", "application/json", "application/problem+json")]
    public async Task An_unknown_address_gets_a_page_for_people_and_a_bare_status_for_programs(
        string path, string accept, string? type)
    {
        await using var server = await AuthServer.Start();
        using var http = server.CreateClient();
        http.DefaultRequestHeaders.Accept.ParseAdd(accept);
        using var response = await http.GetAsync(new Uri(path, UriKind.Relative));
        Assert.That((int)response.StatusCode, Is.EqualTo(404));
        Assert.That(response.Content.Headers.ContentType?.MediaType, Is.EqualTo(type));
    }

    [Test]
    public async Task An_error_500_shows_a_request_ID_and_no_details()
    {
        await using var server = await Server();
        using var browser = await Browser.SignedIn(server);
        await server.WithDatabase(db => db.Database.ExecuteSqlRawAsync("""ALTER TABLE "CredentialSets" RENAME TO "Gone" """));

        var page = await browser.Open("/");

        Assert.That(page.Status, Is.EqualTo(500));
        Assert.That(page.Headings, Is.EqualTo(new[] { "Something went wrong" }));
        Assert.That(page.Text, Does.Contain("Request ID: "));
        Assert.That(page.Html, Does.Not.Contain("CredentialSets").And.Not.Contain("Sqlite").And.Not.Contain(" at "));
    }

    [TestCase("/portal.css", "text/css")]
    [TestCase("/portal.js", "text/javascript")]
    [TestCase("/passkeys.js", "text/javascript")]
    [TestCase("/lib/htmx.min.js", "text/javascript")]
    [TestCase("/lib/htmx-sse.min.js", "text/javascript")]
    [TestCase("/mark.svg", "image/svg+xml")]
    public async Task Static_files_of_the_pages_are_served(string path, string type)
    {
        await using var server = await AuthServer.Start();
        using var http = server.CreateClient();
        using var response = await http.GetAsync(new Uri(path, UriKind.Relative));
        Assert.That((int)response.StatusCode, Is.EqualTo(200));
        Assert.That(response.Content.Headers.ContentType?.MediaType, Is.EqualTo(type));
    }

    [TestCase("/settings/audit-log?handler=Csv")]
    [TestCase("/settings/provisioning-log?handler=Csv")]
    [TestCase("/scim-credentials?handler=Live")]
    [TestCase("/scim-credentials")]
    [TestCase("/sign-out")]
    [TestCase("/sign-in?returnUrl=%2F")]
    [TestCase("/security/confirm")]
    [TestCase("/connect/authorize?client_id=made-up")]
    [TestCase("/connect/introspect")]
    [TestCase("/management/v1/accounts/x/credential-sets")]
    [TestCase("/nowhere")]
    public async Task Responses_that_are_not_public_are_not_cached(string path)
    {
        await using var server = await Server();
        using var ada = await Browser.SignedIn(server);
        Assert.That((await ada.Open(path)).Header("Cache-Control"), Does.Contain("no-store"));
        using var anybody = Browser.At(server);
        Assert.That((await anybody.Open(path)).Header("Cache-Control"), Does.Contain("no-store"), "signed out");
    }

    [TestCase("/portal.css")]
    [TestCase("/.well-known/jwks")]
    [TestCase("/.well-known/oauth-authorization-server")]
    public async Task Public_responses_may_be_cached(string path)
    {
        await using var server = await AuthServer.Start();
        using var anybody = Browser.At(server);
        Assert.That((await anybody.Open(path)).Header("Cache-Control") ?? "", Does.Not.Contain("no-store"));
    }

    /// <summary>Prepares the data that a page needs, and returns its address.</summary>
    private static async Task<string> Prepare(AuthServer server, Browser browser, string path)
    {
        if (path == "/security/recovery-codes")
            await browser.SetUpApp(server);
        if (!path.StartsWith("/scim-credentials"))
            return path;
        var account = await server.WithDatabase(db => db.Accounts.SingleAsync());
        var active = (await server.Generate(account)).Set.Id;
        await server.With((CredentialIssuer issuer) => issuer.Generate(
            new(
                account.Id, active, CredentialMethods.DirectJwt, TestOperations.Actor(),
                Staging: new(Activation.Manual)),
            CancellationToken.None));
        return path == "/scim-credentials/revoke" ? $"{path}?set={active}" : path;
    }

    private static async Task<AuthServer> Server()
    {
        // Without a mail server, there is no page for forgotten passwords.
        var server = await AuthServer.Start(
            "--Smtp:Host=127.0.0.1", "--Smtp:Security=None", "--Smtp:From=no-reply@scileads.example");
        await server.CreateAdministrator(await server.CreateAccount());
        return server;
    }
}
