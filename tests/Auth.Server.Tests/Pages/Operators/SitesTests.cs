using System.Text.RegularExpressions;
using AngleSharp.Dom;
using Auth.Server.Administrators;
using Auth.Server.Audit;
using Auth.Server.Tests.Administrators;
using Auth.Server.Tests.Management;
using Auth.Server.Tests.Pages.Security;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using static Auth.Server.Tests.Pages.Operators.OperatorSignIn;

namespace Auth.Server.Tests.Pages.Operators;

/// <summary>The portal and the operator console share pages to sign in, and nothing else.</summary>
[Category("AnyDatabase")]
[Category("Slow")]
public sealed partial class SitesTests
{
    private AuthServer server = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        server = await AuthServer.Start();
        await server.CreateAdministrator(await server.CreateAccount());
    }

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [Test]
    public async Task An_operator_is_created_by_command_and_opens_nothing_before_a_second_factor_is_set_up()
    {
        const string email = "otto@scileads.example";
        var created = await CommandsTests.Json(server, "operators", "create", "--email", email, "--json");
        using var browser = Browser.At(server);

        var opened = await browser.Submit(
            await browser.Open("/invitation"), "Continue", ("code", created.GetProperty("link").GetString()!));
        Assert.That(opened.Headings, Is.EqualTo(new[] { "Become an operator" }));
        var accepted = await browser.Submit(opened, "Set password", ("new", AuthServer.Password));
        Assert.That(accepted.Location, Is.EqualTo("/operator/sign-in"));
        var signedIn = await browser.EnterPassword(email, "/operator", Root);
        Assert.That(signedIn.Location, Is.EqualTo("/operator"));

        foreach (var path in Pages().Where(IsOnlyOfConsole))
        {
            var led = await browser.Open(path);
            Assert.That(
                led.Location, Is.EqualTo($"/operator/security?returnUrl={Uri.EscapeDataString(path)}"), path);
        }
        var security = await browser.Follow(await browser.Open("/operator"));
        Assert.That(security.Text, Does.Contain("Operators need a second factor"));
        await browser.SetUpApp(server, Root);
        var accounts = await browser.Open("/operator");
        Assert.That(accounts.Headings, Is.EqualTo(new[] { "Accounts" }));
        Assert.That(accounts.Text, Does.Contain("Your authenticator app is set up."));
        var last = await browser.Submit(
            await browser.Open("/operator/security/authenticator"), "Remove the authenticator app");
        Assert.That(last.Status, Is.EqualTo(409));
        Assert.That(last.Text, Does.Contain("this is your last one"));
    }

    [Test]
    public async Task An_operator_signs_in_with_a_second_factor_and_out()
    {
        var (browser, app) = await server.SignInOperator("omar@scileads.example");
        using (browser)
        {
            var missing = await browser.Open("/operator/nothing");
            Assert.That(missing.Status, Is.EqualTo(404));
            Assert.That(
                missing.Document.QuerySelectorAll("main a").Select(link => link.GetAttribute("href")),
                Is.EqualTo(new[] { Root }), "the page of an error belongs to the console");
            var left = await browser.Submit(await browser.Open("/operator"), "Sign out");
            Assert.That(left.Location, Is.EqualTo("/operator/sign-in"));
            Assert.That(
                (await browser.Open("/operator")).Location, Is.EqualTo("/operator/sign-in?returnUrl=%2Foperator"));
            server.Time.Advance(TimeSpan.FromMinutes(1));

            var second = await browser.EnterPassword("omar@scileads.example", "/operator", Root);
            Assert.That(second.Headings, Is.EqualTo(new[] { "One more step" }));
            var signedIn = await browser.Submit(second, "Continue", ("code", app.CodeAt(server)));

            Assert.That(signedIn.Location, Is.EqualTo("/operator"));
            var entries = await server.WithDatabase(db => db.AuditEntries
                .Where(entry => entry.ActorName == "omar@scileads.example" && entry.Action == AuditAction.SignIn)
                .Select(entry => new { entry.ActorKind, entry.AccountId }).Distinct().ToListAsync());
            Assert.That(entries.Single(), Is.EqualTo(new { ActorKind = ActorKind.Staff, AccountId = (Guid?)null }));
        }
    }

    [Test]
    public async Task A_session_of_one_site_opens_no_page_of_the_other()
    {
        var (staff, _) = await server.SignInOperator("odile@scileads.example");
        using var ada = await Browser.SignedIn(server);
        var adasForm = Token(await ada.Open("/security/password"));
        var staffsForm = Token(await staff.Open("/operator/security/password"));
        using (staff)
        {
            var pages = Pages().Where(path => path is not ("/sign-in" or "/operator/sign-in" or "/forgotten-password"
                or "/invitation" or "/error")
                && !path.StartsWith("/connect/")).ToList();
            Assert.That(pages.Count(IsOfConsole), Is.GreaterThan(7));
            Assert.That(pages.Count(path => !IsOfConsole(path)), Is.GreaterThan(20));

            foreach (var path in pages)
            {
                var (own, other, form) = IsOfConsole(path) ? (staff, ada, adasForm) : (ada, staff, staffsForm);
                var signIn = IsOfConsole(path) ? "/operator/sign-in" : "/sign-in";
                Assert.That((await other.Open(path)).Location, Does.StartWith($"{signIn}?"), path);
                var posted = await other.Post(path, ("__RequestVerificationToken", form));
                Assert.That(posted.Location, Does.StartWith(signIn), $"POST {path}");
                if (IsOfConsole(path) && !path.EndsWith("/sign-out"))
                    Assert.That((await own.Open(path)).Location ?? "", Does.Not.Contain("sign-in"), path);
            }
        }
    }

    [Test]
    public void A_page_of_the_console_requires_its_cookie_whatever_its_path_is()
    {
        var pages = server.Services.GetRequiredService<EndpointDataSource>().Endpoints.Where(endpoint =>
            endpoint.Metadata.GetMetadata<PageActionDescriptor>() is { } page
            && page.ViewEnginePath.StartsWith("/Operators/")).ToList();
        Assert.That(pages, Has.Count.GreaterThan(2));
        foreach (var page in pages)
        {
            Assert.That(
                page.Metadata.GetOrderedMetadata<IAuthorizeData>().Select(data => data.Policy),
                Does.Contain(Site.Console.Scheme), page.DisplayName);
        }
    }

    [Test]
    public async Task The_cookie_of_one_site_is_not_accepted_by_the_other()
    {
        await server.CreateOperator("oleg@scileads.example");
        foreach (var (email, root, name, other, path) in new[]
        {
            ("ada@example.com", "", "portal", "operator", "/operator/security"),
            ("oleg@scileads.example", Root, "operator", "portal", "/security"),
        })
        {
            using var browser = Browser.At(server);
            var cookie = (await browser.EnterPassword(email, root: root)).Header("Set-Cookie")!.Split(", ")
                .Single(one => one.StartsWith($"{name}=")).Split(';')[0];
            using var thief = server.CreateClient();

            thief.DefaultRequestHeaders.Add("Cookie", $"{other}={cookie[(name.Length + 1)..]}");
            using var refused = await thief.GetAsync(path);
            Assert.That((int)refused.StatusCode, Is.EqualTo(302), path);
        }
    }

    [Test]
    public async Task A_passkey_and_a_password_of_one_site_do_not_work_at_the_other()
    {
        using var device = new SoftwareAuthenticator();
        var (staff, _) = await server.SignInOperator("oona@scileads.example");
        using (staff)
            await staff.AddPasskey(device, root: Root);
        using var browser = Browser.At(server);

        var withPassword = await browser.EnterPassword("oona@scileads.example");
        Assert.That(withPassword.Status, Is.EqualTo(400));
        Assert.That(withPassword.Text, Does.Contain("The e-mail address or the password is wrong"));
        var withPasskey = await browser.UsePasskey(await browser.Open("/sign-in"), device);
        Assert.That(withPasskey.Status, Is.EqualTo(400));
        var ofAda = await browser.EnterPassword("ada@example.com", root: Root);
        Assert.That(ofAda.Status, Is.EqualTo(400));
        var ofNobody = await browser.EnterPassword("nobody@example.com", root: Root);
        Assert.That((ofNobody.Status, ofNobody.Text), Is.EqualTo((400, ofAda.Text)), "which addresses exist is not told");

        var signedIn = await browser.UsePasskey(await browser.Open("/operator/sign-in"), device);
        Assert.That(signedIn.Location, Is.EqualTo("/operator"));
    }

    [Test]
    public async Task The_ticket_of_a_first_step_does_not_lead_to_a_session_at_the_other_site()
    {
        var (staff, app) = await server.SignInOperator("oskar@scileads.example");
        staff.Dispose();
        server.Time.Advance(TimeSpan.FromMinutes(1));
        using var browser = Browser.At(server);
        var second = await browser.EnterPassword("oskar@scileads.example", root: Root);
        var ticket = second.Document.QuerySelector("input[name=ticket]")!.GetAttribute("value")!;
        var form = Token(await browser.Open("/sign-in"));

        var refused = await browser.Post(
            "/sign-in?handler=Code", ("__RequestVerificationToken", form), ("ticket", ticket),
            ("code", app.CodeAt(server)));

        Assert.That(refused.Status, Is.EqualTo(400));
        Assert.That((await browser.Open("/")).Location, Does.StartWith("/sign-in"));
    }

    [Test]
    public async Task Operators_are_listed_signed_out_reset_and_removed_and_are_not_administrators()
    {
        const string email = "olaf@scileads.example";
        var (browser, _) = await server.SignInOperator(email);
        using (browser)
        {
            var listed = (await CommandsTests.Json(server, "operators", "list", "--json")).EnumerateArray()
                .Single(one => one.GetProperty("email").GetString() == email);
            Assert.That(listed.GetProperty("authenticatorApp").GetBoolean(), Is.True);
            var (exitCode, _, error) = await CommandsTests.Run(server, "administrators", "remove", "--email", email);
            Assert.That((exitCode, error.Trim()), Is.EqualTo((1, $"There is no administrator {email}.")));
            (exitCode, _, error) = await CommandsTests.Run(server, "operators", "remove", "--email", "ada@example.com");
            Assert.That((exitCode, error.Trim()), Is.EqualTo((1, "There is no operator ada@example.com.")));
            (exitCode, _, error) = await CommandsTests.Run(server, "operators", "create", "--email", email);
            Assert.That((exitCode, error.Trim()), Is.EqualTo((1, $"{email} is already an operator.")));

            await CommandsTests.Json(server, "operators", "reset-second-factor", "--email", email, "--json");
            Assert.That((await browser.Open("/operator")).Location, Does.StartWith("/operator/sign-in"), "signed out");
            await browser.EnterPassword(email, "/operator", Root);
            Assert.That((await browser.Open("/operator")).Location, Does.StartWith("/operator/security"));
            await CommandsTests.Json(server, "operators", "remove", "--email", email, "--json");
            Assert.That((await browser.Open("/operator")).Location, Does.StartWith("/operator/sign-in"), "removed");
        }
    }

    [Test]
    public async Task Every_page_of_the_console_is_protected_and_labelled()
    {
        var (staff, _) = await server.SignInOperator("olivia@scileads.example");
        using (staff)
        {
            foreach (var path in Pages().Where(path => IsOfConsole(path) && !path.EndsWith("sign-out")))
            {
                var page = await staff.Open(path);
                Assert.That(page.Header("X-Frame-Options"), Is.EqualTo("DENY"), path);
                Assert.That(page.Header("Cache-Control"), Does.Contain("no-store"), path);
                if (page.Status == 302)
                    continue;
                Assert.That(page.Document.QuerySelectorAll("h1"), Has.Exactly(1).Items, path);
                Assert.That(page.Document.QuerySelectorAll("[id]").Select(one => one.Id), Is.Unique, path);
                foreach (var field in page.Document.QuerySelectorAll("input:not([type=hidden]), textarea, select"))
                {
                    var labels = page.Document.QuerySelectorAll($"label[for='{field.Id}']")
                        .Append(field.Closest("label"));
                    Assert.That(labels.OfType<IElement>().Count(), Is.EqualTo(1), field.OuterHtml);
                }
                Assert.That(
                    page.Document.QuerySelectorAll("form").Select(form => form.GetAttribute("action")),
                    Has.All.StartsWith(Root), path);
                Assert.That(
                    page.Document.QuerySelectorAll("header a, main a").Select(link => link.GetAttribute("href")),
                    Has.All.StartsWith(Root), path);
            }
        }
    }

    /// <summary>The addresses of all pages, with an id for each parameter.</summary>
    private IEnumerable<string> Pages() => server.Services.GetRequiredService<EndpointDataSource>().Endpoints
        .OfType<RouteEndpoint>()
        .Where(endpoint => endpoint.Metadata.GetMetadata<PageActionDescriptor>() is not null)
        .Select(endpoint => "/" + Parameter().Replace(endpoint.RoutePattern.RawText!, $"{Guid.NewGuid()}"))
        .Select(path => path.StartsWith("/error") ? "/error" : path).Distinct();

    private static bool IsOfConsole(string path) => path == Root || path.StartsWith($"{Root}/");

    private static bool IsOnlyOfConsole(string path) =>
        IsOfConsole(path) && !path.StartsWith($"{Root}/security") && !path.StartsWith($"{Root}/sign-");

    private static string Token(Page page) =>
        page.Document.QuerySelector("input[name=__RequestVerificationToken]")!.GetAttribute("value")!;

    [GeneratedRegex(@"\{[^}]+\}")]
    private static partial Regex Parameter();
}
