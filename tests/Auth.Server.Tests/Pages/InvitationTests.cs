using Auth.Server.Accounts;
using Auth.Server.Administrators;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Tests.Pages;

[Category("Slow")]
public sealed class InvitationTests
{
    private const string Email = "bob@example.com";

    [Test]
    public async Task An_invited_person_becomes_an_administrator_of_the_account_and_signs_in()
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount("Acme");
        await server.CreateAccount("Other");
        var link = await Invite(server, account);
        using var browser = Browser.At(server);

        var opened = await Open(browser, link);
        Assert.That(opened.Text, Does.Contain("Acme").And.Contain(Email).And.Contain("a colleague invited you"));
        var accepted = await browser.Submit(opened, "Set password", ("new", AuthServer.Password));

        Assert.That(accepted.Location, Is.EqualTo("/sign-in"));
        Assert.That((await browser.Follow(accepted)).Text, Does.Contain("Your password is set."));
        using var bob = await Browser.SignedIn(server, Email);
        Assert.That((await bob.Open("/")).Headings[0], Is.EqualTo("Acme"));
    }

    [Test]
    public async Task The_code_is_not_in_the_part_of_the_link_that_is_sent_and_is_stored_as_a_hash()
    {
        await using var server = await AuthServer.Start();
        var link = await Invite(server, await server.CreateAccount());

        Assert.That(link, Does.StartWith("http://localhost:5001/invitation#"));
        var code = link.Split('#')[1];
        var stored = await server.WithDatabase(db => db.Invitations.AsNoTracking().SingleAsync());
        Assert.That(code, Has.Length.EqualTo(43), "256 bits");
        Assert.That($"{stored.CodeHash} {stored.Email} {stored.CreatedBy}", Does.Not.Contain(code));
    }

    [Test]
    public async Task An_invitation_works_once_even_if_many_accept_it_concurrently()
    {
        await using var server = await AuthServer.Start();
        var link = await Invite(server, await server.CreateAccount());
        var code = link.Split('#')[1];

        var won = await Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
        {
            try
            {
                await server.With(async (Invitations invitations) =>
                {
                    await invitations.Accept(code, $"{AuthServer.Password}-{i}", CancellationToken.None);
                    return true;
                });
                return true;
            }
            catch (ProblemException problem)
            {
                Assert.That(problem.Message, Does.Contain("not valid"));
                return false;
            }
        }));

        Assert.That(won.Count(one => one), Is.EqualTo(1));
        Assert.That(await server.WithDatabase(db => db.Administrators.CountAsync()), Is.EqualTo(1));
        using var browser = Browser.At(server);
        Assert.That((await Open(browser, link)).Text, Does.Contain("This invitation is not valid."));
    }

    [Test]
    public async Task An_invitation_expires_after_72_hours()
    {
        await using var server = await AuthServer.Start();
        var link = await Invite(server, await server.CreateAccount());
        using var browser = Browser.At(server);

        server.Time.Advance(TimeSpan.FromHours(72) - TimeSpan.FromSeconds(1));
        var opened = await Open(browser, link);
        Assert.That(opened.Text, Does.Contain(Email));
        server.Time.Advance(TimeSpan.FromSeconds(2));

        var late = await browser.Submit(opened, "Set password", ("new", AuthServer.Password));
        Assert.That(late.Status, Is.EqualTo(404));
        Assert.That(late.Text, Does.Contain("72 hours"));
        Assert.That(await server.WithDatabase(db => db.Administrators.CountAsync()), Is.Zero);
    }

    [Test]
    public async Task A_newer_invitation_replaces_that_of_the_same_address_and_account_only()
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        var first = await Invite(server, account);
        var ofOther = await Invite(server, await server.CreateAccount("Other"));
        var second = await Invite(server, account, "BOB@example.com");
        using var browser = Browser.At(server);

        Assert.That((await Open(browser, first)).Status, Is.EqualTo(404));
        Assert.That((await Open(browser, second)).Status, Is.EqualTo(200));
        Assert.That((await Open(browser, ofOther)).Status, Is.EqualTo(200));
    }

    [TestCase("short", "at least 12 characters")]
    [TestCase("Password1234", "a common one")]
    public async Task A_refused_password_leaves_the_invitation_valid(string password, string sentence)
    {
        await using var server = await AuthServer.Start();
        var link = await Invite(server, await server.CreateAccount());
        using var browser = Browser.At(server);

        var refused = await browser.Submit(await Open(browser, link), "Set password", ("new", password));
        Assert.That(refused.Status, Is.EqualTo(400));
        Assert.That(refused.Text, Does.Contain(sentence));
        Assert.That(refused.Html, Does.Not.Contain(password));

        var accepted = await browser.Submit(refused, "Set password", ("new", AuthServer.Password));
        Assert.That(accepted.Location, Is.EqualTo("/sign-in"));
    }

    [Test]
    public async Task A_password_reset_ends_the_sessions_and_the_old_password()
    {
        await using var server = await AuthServer.Start();
        await server.CreateAdministrator(await server.CreateAccount(), Email);
        using var old = await Browser.SignedIn(server, Email);
        var reset = await server.With((Invitations invitations) =>
            invitations.ResetPassword("BOB@example.com", "an operator", CancellationToken.None));
        using var browser = Browser.At(server);
        Assert.That((await old.Open("/")).Status, Is.EqualTo(200), "until the link is used, nothing changes");

        var opened = await Open(browser, reset.Link);
        Assert.That(opened.Headings, Is.EqualTo(new[] { "Set a new password" }));
        await browser.Submit(opened, "Set password", ("new", "another horse, another battery"));

        Assert.That((await old.Open("/")).Status, Is.EqualTo(302));
        var signIn = await browser.Open("/sign-in");
        var withOld = await browser.Submit(signIn, "Sign in", ("email", Email), ("password", AuthServer.Password));
        Assert.That(withOld.Status, Is.EqualTo(400));
        var withNew = await browser.Submit(
            signIn, "Sign in", ("email", Email), ("password", "another horse, another battery"));
        Assert.That(withNew.Location, Is.EqualTo("/"));
        Assert.That((await Open(browser, reset.Link)).Status, Is.EqualTo(404));
    }

    [Test]
    public async Task An_administrator_of_the_account_cannot_be_invited_again()
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        await server.CreateAdministrator(account, Email);
        Assert.That(
            () => Invite(server, account),
            Throws.TypeOf<ProblemException>().With.Message.Contains("is already an administrator of this account"));
    }

    private static async Task<string> Invite(AuthServer server, Account account, string email = Email) =>
        (await server.With((Invitations invitations) =>
            invitations.Invite(account.Id, email, "a colleague", CancellationToken.None))).Link;

    private static async Task<Page> Open(Browser browser, string link) =>
        await browser.Submit(await browser.Open("/invitation"), "Continue", ("code", link));
}
