using System.Net;
using Auth.Server.Accounts;
using Auth.Server.Administrators;
using Auth.Server.Audit;
using Auth.Server.Tests.Pages;
using Auth.Server.Tests.Pages.Security;
using Microsoft.EntityFrameworkCore;
using static Auth.Server.Tests.Management.CommandsTests;

namespace Auth.Server.Tests.Administrators;

/// <summary>Administrators with the same e-mail address in different accounts are independent.</summary>
[Category("Slow")]
public sealed class SeveralAccountsTests
{
    private const string Email = "ada@example.com";
    private const string Other = "another horse, another battery";
    private AuthServer server = null!;
    private Account acme = null!;
    private Account beta = null!;

    [SetUp]
    public async Task Start()
    {
        server = await AuthServer.Start();
        acme = await server.CreateAccount("Acme");
        beta = await server.CreateAccount("Beta");
        await server.CreateAdministrator(acme, Email);
    }

    [TearDown]
    public async Task Stop() => await server.DisposeAsync();

    [TestCase("Acme")]
    [TestCase("Beta")]
    public async Task With_the_same_password_in_two_accounts_one_chooses_after_signing_in(string account)
    {
        await server.CreateAdministrator(beta, Email);
        using var browser = Browser.At(server);

        var choice = await browser.EnterPassword(returnUrl: "/settings/audit-log");
        Assert.That(choice.Status, Is.EqualTo(200));
        Assert.That(choice.Headings[0], Is.EqualTo("Choose an account"));
        Assert.That((await browser.Open("/")).Status, Is.EqualTo(302), "no session before the choice");
        var signedIn = await browser.Submit(choice, account);

        Assert.That(signedIn.Location, Is.EqualTo("/settings/audit-log"));
        Assert.That((await browser.Open("/")).Headings[0], Is.EqualTo(account));
    }

    [Test]
    public async Task Different_passwords_lead_to_their_accounts()
    {
        await Create(beta, Other);
        foreach (var (password, account) in new[] { (AuthServer.Password, "Acme"), (Other, "Beta") })
        {
            using var browser = Browser.At(server);
            var signedIn = await browser.Submit(
                await browser.Open("/sign-in"), "Sign in", ("email", "ADA@example.com"), ("password", password));
            Assert.That(signedIn.Location, Is.EqualTo("/"));
            Assert.That((await browser.Open("/")).Headings[0], Is.EqualTo(account));

            // The browser is known now, as one administrator's.
            foreach (var (again, next) in new[] { (password, account), (Other, "Beta"), (AuthServer.Password, "Acme") })
            {
                await browser.Submit(await browser.Open("/"), "Sign out");
                await browser.Submit(await browser.Open("/sign-in"), "Sign in", ("email", Email), ("password", again));
                Assert.That((await browser.Open("/")).Headings[0], Is.EqualTo(next), $"{account}, then {next}");
            }
        }
    }

    [Test]
    public async Task An_administrator_with_another_password_cannot_be_chosen()
    {
        await server.CreateAdministrator(beta, Email);
        var stranger = await server.CreateAdministrator(acme, "eve@example.com");
        using var browser = Browser.At(server);
        var choice = await browser.EnterPassword();
        var reset = await server.With((Invitations invitations) =>
            invitations.ResetPassword(new(Email, acme.Id), TestOperations.Actor("an operator"), CancellationToken.None));
        await server.With(
            (Invitations invitations) => Done(invitations.Accept(reset.Link.Split('#')[1], Other, default)));

        foreach (var (button, administrator) in new[] { ("Beta", $"{stranger.Id}"), ("Beta", "x"), ("Acme", "") })
        {
            var fields = administrator.Length > 0 ? new[] { ("administrator", administrator) } : [];
            var (form, pressed) = choice.FormWith(button);
            var refused = await browser.Post(
                form.GetAttribute("action")!,
                [.. choice.Document.QuerySelectorAll("main input[type=hidden]")
                    .Select(field => (field.GetAttribute("name")!, field.GetAttribute("value") ?? "")),
                    .. fields.Length > 0 ? fields : [("administrator", pressed.Value)]]);
            Assert.That(refused.Status, Is.EqualTo(400), $"{button} {administrator}");
        }
        Assert.That((await browser.Open("/")).Status, Is.EqualTo(302));
    }

    [Test]
    public async Task A_second_factor_applies_to_one_account()
    {
        await server.CreateAdministrator(beta, Email);
        using (var setUp = Browser.At(server))
        {
            await setUp.Submit(await setUp.EnterPassword(), "Acme");
            await setUp.SetUpApp(server);
        }

        using var browser = Browser.At(server);
        var choice = await browser.EnterPassword();
        Assert.That((await browser.Submit(choice, "Acme")).Headings[0], Is.EqualTo("One more step"));
        Assert.That((await browser.Submit(choice, "Beta")).Location, Is.EqualTo("/"));
    }

    [Test]
    public async Task An_invitation_does_not_reveal_whether_the_address_is_used_in_another_account()
    {
        await server.CreateAdministrator(beta, "bob@example.com");
        using var bob = await Browser.SignedIn(server, "bob@example.com");
        using var anybody = Browser.At(server);
        var texts = new List<string>();
        foreach (var email in new[] { Email, "new@example.com" })
        {
            var invited = await bob.Submit(await bob.Open("/settings/administrators"), "Invite", ("email", email));
            Assert.That(invited.Status, Is.EqualTo(200));
            var opened = await anybody.Submit(
                await anybody.Open("/invitation"), "Continue", ("code", invited.Field("Link")));
            var accepted = await anybody.Submit(opened, "Set password", ("new", Other));
            Assert.That(accepted.Location, Is.EqualTo("/sign-in"));
            texts.Add(Page.TextOf(invited.Document.QuerySelector("[aria-labelledby=issued]")!)
                .Replace(email, "EMAIL") + opened.Text.Replace(email, "EMAIL"));
        }

        Assert.That(texts[0], Is.EqualTo(texts[1]));
        using var ada = Browser.At(server);
        Assert.That(
            (await ada.EnterPassword()).Location, Is.EqualTo("/"), "the password of the other account is unchanged");
        Assert.That((await ada.Open("/")).Headings[0], Is.EqualTo("Acme"));
    }

    [TestCase("reset-password")]
    [TestCase("reset-second-factor")]
    [TestCase("sign-out")]
    [TestCase("remove")]
    public async Task A_command_for_an_address_of_two_accounts_needs_the_account(string verb)
    {
        await server.CreateAdministrator(beta, Email);
        var before = await Snapshot(acme);

        var (exitCode, _, error) = await Run(server, "administrators", verb, "--email", Email);
        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(error, Does.Contain("--account").And.Contain($"{acme.Id}").And.Contain($"{beta.Id}"));
        Assert.That(await Snapshot(beta), Is.Not.Empty, "nothing was done");

        await Json(server, "administrators", verb, "--email", Email, "--account", $"{beta.Id}", "--json");
        Assert.That(await Snapshot(acme), Is.EqualTo(before), "the other account is unchanged");
        var entry = await server.WithDatabase(db => db.AuditEntries.OrderBy(e => e.Id).LastAsync());
        Assert.That(entry.AccountId, Is.EqualTo(beta.Id));
    }

    [Test]
    public async Task Withdrawing_an_invitation_affects_one_account()
    {
        foreach (var account in new[] { acme, beta })
            await server.With(
                (Invitations invitations) => invitations.Invite(account.Id, "new@example.com", "a test", default));

        var (exitCode, _, error) = await Run(server, "administrators", "withdraw", "--email", "new@example.com");
        Assert.That((exitCode, error), Is.EqualTo((1, error)));
        Assert.That(error, Does.Contain("--account"));
        await Json(
            server, "administrators", "withdraw", "--email", "new@example.com", "--account", $"{beta.Id}", "--json");

        var left = await server.WithDatabase(
            db => db.Invitations.Select(invitation => invitation.AccountId!.Value).ToListAsync());
        Assert.That(left, Is.EqualTo(new[] { acme.Id }));
    }

    [Test]
    public async Task Knowing_the_password_of_one_account_allows_no_more_guesses_in_another()
    {
        await Create(beta, Other);
        var guesser = new Visitor(IPAddress.Parse("203.0.113.7"));
        var mine = (await server.With((AdministratorRegister register) => register.Get(new(Email, beta.Id)))).Id;
        foreach (var visitor in new[] { guesser, guesser with { Device = new(Guid.NewGuid(), mine) } })
        {
            var looked = 0;
            for (var i = 0; i < 6; i++)
            {
                if ((await Try("wrong", visitor)).Wait is null)
                    looked++;
                await Try(Other, visitor);
            }
            Assert.That(looked, Is.LessThanOrEqualTo(5));
        }
        Assert.That((await Try(AuthServer.Password, guesser)).Wait, Is.Not.Null, "guesses are still throttled");
    }

    [Test]
    public async Task Concurrent_creation_of_an_administrator_is_a_conflict_and_not_an_error_500()
    {
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            try
            {
                await server.CreateAdministrator(beta, Email);
                return 201;
            }
            catch (ProblemException problem)
            {
                return problem.Status;
            }
        }));
        Assert.That(outcomes.Order(), Is.EqualTo(new[] { 201, 409, 409, 409 }));
    }

    private static async Task<bool> Done(Task task)
    {
        await task;
        return true;
    }

    private Task<Administrator> Create(Account account, string password) =>
        server.With((AdministratorRegister register) =>
        register.Create(account.Id, Email, password, CancellationToken.None));

    private Task<SignInOutcome> Try(string password, Visitor visitor) =>
        server.With((SignIn signIn) => signIn.Try(Email, password, visitor, CancellationToken.None));

    private async Task<string> Snapshot(Account account)
    {
        var rows = await server.WithDatabase(db => db.Administrators.AsNoTracking()
            .Where(administrator => administrator.AccountId == account.Id)
            .Select(administrator => $"{administrator.Id} {administrator.SecurityStamp} {administrator.PasswordHash}")
            .ToListAsync());
        return string.Join('\n', rows);
    }
}
