using Auth.Server.Accounts;
using Auth.Server.Administrators;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Tests.Pages.Settings;

[Category("Slow")]
public sealed class AdministratorsTests
{
    private const string Path = "/settings/administrators";

    [Test]
    public async Task A_colleague_is_invited_by_a_link_that_is_shown_once()
    {
        await using var server = await Server();
        using var ada = await Browser.SignedIn(server);

        var invited = await ada.Submit(await ada.Open(Path), "Invite", ("email", "bob@example.com"));

        var link = invited.Field("Link");
        Assert.That(invited.Text, Does.Contain("shown only once").And.Contain("bob@example.com"));
        var again = await ada.Open(Path);
        Assert.That(again.Html, Does.Not.Contain(link.Split('#')[1]));
        Assert.That(again.Headings, Does.Contain("Open invitations"));
        using var bob = Browser.At(server);
        var opened = await bob.Submit(await bob.Open("/invitation"), "Continue", ("code", link.Split('#')[1]));
        Assert.That(opened.Text, Does.Contain("ada@example.com invited you").And.Contain("Demo"));
        await bob.Submit(opened, "Set password", ("new", AuthServer.Password));
        Assert.That(
            (await ada.Open(Path)).Text,
            Does.Contain("bob@example.com Administrator None Never").And.Not.Contain("Withdraw"));
    }

    [Test]
    public async Task A_withdrawn_invitation_does_not_work()
    {
        await using var server = await Server();
        using var ada = await Browser.SignedIn(server);
        var invited = await ada.Submit(await ada.Open(Path), "Invite", ("email", "bob@example.com"));

        var withdrawn = await ada.Submit(invited, "Withdraw the invitation of bob@example.com");

        Assert.That((await ada.Follow(withdrawn)).Text, Does.Contain("was withdrawn"));
        using var bob = Browser.At(server);
        var opened = await bob.Submit(await bob.Open("/invitation"), "Continue", ("code", invited.Field("Link")));
        Assert.That(opened.Status, Is.EqualTo(404));
    }

    [Test]
    public async Task Administrators_and_invitations_of_another_account_are_neither_seen_nor_withdrawn()
    {
        await using var server = await Server();
        var other = await server.CreateAccount("Other");
        await server.CreateAdministrator(other, "eve@example.com");
        var issued = await server.With((Invitations invitations) =>
            invitations.Invite(other.Id, "mallory@example.com", "eve@example.com", CancellationToken.None));
        using var ada = await Browser.SignedIn(server);

        var page = await ada.Submit(await ada.Open(Path), "Invite", ("email", "bob@example.com"));
        Assert.That(page.Html, Does.Not.Contain("eve@example.com").And.Not.Contain("mallory"));
        var refused = await ada.Submit(
            page, "Withdraw the invitation of bob@example.com", ("id", issued.Invitation.Id.ToString()));

        Assert.That(refused.Status, Is.EqualTo(404));
        Assert.That(
            await server.With((AdministratorRegister register) => register.Invited(other.Id, CancellationToken.None)),
            Has.Exactly(1).Items);
    }

    [Test]
    public async Task A_colleague_is_invited_as_read_only_becomes_an_administrator_and_is_removed()
    {
        await using var server = await Server();
        using var ada = await Browser.SignedIn(server);
        var invited = await ada.Submit(
            await ada.Open(Path), "Invite", ("email", "bob@example.com"), ("readOnly", "true"));
        Assert.That(invited.Text, Does.Contain("bob@example.com Read-only ada@example.com"));
        using var anybody = Browser.At(server);
        var opened = await anybody.Submit(await anybody.Open("/invitation"), "Continue", ("code", invited.Field("Link")));
        Assert.That(opened.Text, Does.Contain("invited you to be a read-only administrator"));
        await anybody.Submit(opened, "Set password", ("new", AuthServer.Password));
        using var bob = await Browser.SignedIn(server, "bob@example.com");

        var colleague = await OpenColleague(ada, "bob@example.com");
        var promoted = await ada.Submit(colleague, "Make administrator");
        Assert.That((await ada.Follow(promoted)).Text, Does.Contain("bob@example.com can now change everything."));
        var again = await ada.Submit(colleague, "Make administrator");
        Assert.That(again.Status, Is.EqualTo(409));
        Assert.That(
            again.Text, Does.Contain("The role of bob@example.com is already Administrator. Nothing was changed."));
        // Links that bob made, and one that was made for bob.
        await bob.Submit(await bob.Open(Path), "Invite", ("email", "accomplice@example.com"));
        await ada.Submit(await ada.Open(Path), "Invite", ("email", "carol@example.com"));
        await server.With((Invitations invitations) =>
            invitations.ResetPassword("bob@example.com", "an operator", CancellationToken.None));

        var removed = await ada.Follow(await ada.Submit(colleague, "Remove"));

        Assert.That(removed.Text, Does.Contain("bob@example.com was removed, and is signed out."));
        Assert.That(
            removed.Text, Does.Contain("carol@example.com").And.Not.Contain("accomplice").And.Not.Contain("New password"));
        Assert.That((await bob.Open("/")).Location, Does.StartWith("/sign-in"));
        var stale = await ada.Submit(colleague, "Remove");
        Assert.That(stale.Status, Is.EqualTo(404));
        Assert.That(stale.Text, Does.Contain("This person is no longer an administrator. Nothing was changed."));
        Assert.That(
            (await ada.Open("/settings/audit-log?topic=Administrators")).Document.QuerySelectorAll("tbody th")
                .Select(Page.TextOf).Take(2),
            Is.EqualTo(new[]
            {
                "ada@example.com tried to remove an administrator, and was refused. "
                + "This person is no longer an administrator. Nothing was changed.",
                "ada@example.com removed the administrator bob@example.com. "
                + "Withdrawn invitations: accomplice@example.com, bob@example.com.",
            }));
    }

    [Test]
    public async Task Nobody_removes_or_demotes_themselves_or_the_administrator_of_another_account()
    {
        await using var server = await Server();
        var eve = await server.CreateAdministrator(await server.CreateAccount("Other"), "eve@example.com");
        await server.CreateAdministrator(
            await server.WithDatabase(db => db.Accounts.SingleAsync(account => account.Name == "Demo")), "bob@example.com");
        using var ada = await Browser.SignedIn(server);
        var own = await OpenColleague(ada, "ada@example.com");
        Assert.That(own.Text, Does.Contain("This is you."));
        Assert.That(own.Document.QuerySelectorAll("main form"), Is.Empty);
        var form = (await OpenColleague(ada, "bob@example.com")).Document
            .QuerySelector("main input[name=__RequestVerificationToken]")!.GetAttribute("value")!;

        foreach (var (path, status) in new[] { (own.Path, 409), ($"{Path}/{eve.Id}", 404) })
        {
            foreach (var handler in new[] { "Remove", "ChangeRole" })
            {
                var refused = await ada.Post(
                    $"{path}?handler={handler}", ("__RequestVerificationToken", form), ("readOnly", "true"));
                Assert.That(refused.Status, Is.EqualTo(status), $"{path} {handler}");
                Assert.That(refused.Text, Does.Contain("Nothing was changed."));
            }
        }
        Assert.That((await ada.Open($"{Path}/{eve.Id}")).Status, Is.EqualTo(404));
        Assert.That(await server.WithDatabase(db => db.Administrators.CountAsync(one => !one.ReadOnly)), Is.EqualTo(3));
    }

    [Test]
    public async Task The_page_to_sign_in_says_whom_to_ask_about_a_forgotten_password()
    {
        await using var server = await Server();
        using var anybody = Browser.At(server);
        Assert.That(
            (await anybody.Open("/sign-in")).Text,
            Does.Contain("Forgotten your password? Write to support@scileads.com"));
    }

    [TestCase("nonsense", "not a valid e-mail address", 400)]
    [TestCase("ada@example.com", "is already an administrator of this account", 409)]
    public async Task A_refusal_is_shown_on_the_page(string email, string sentence, int status)
    {
        await using var server = await Server();
        using var ada = await Browser.SignedIn(server);

        var refused = await ada.Submit(await ada.Open(Path), "Invite", ("email", email));

        Assert.That(refused.Status, Is.EqualTo(status));
        Assert.That(refused.Text, Does.Contain(sentence));
    }

    [Test]
    public async Task Ten_minutes_after_the_sign_in_the_password_is_required_again()
    {
        await using var server = await Server();
        using var ada = await Browser.SignedIn(server);
        var page = await ada.Open(Path);
        server.Time.Advance(TimeSpan.FromMinutes(10));

        var asked = await ada.Submit(page, "Invite", ("email", "bob@example.com"));

        Assert.That(asked.Location, Is.EqualTo("/security/confirm?returnUrl=%2Fsettings%2Fadministrators"));
        var confirm = await ada.Follow(asked);
        var wrong = await ada.Submit(confirm, "Confirm", ("password", "wrong"));
        Assert.That(wrong.Status, Is.EqualTo(400));
        Assert.That((await ada.Open(Path)).Status, Is.EqualTo(302));
        var confirmed = await ada.Submit(wrong, "Confirm", ("password", AuthServer.Password));
        Assert.That(confirmed.Location, Is.EqualTo(Path));
        Assert.That((await ada.Open(Path)).Text, Does.Not.Contain("bob@example.com"), "nothing was done before");
    }

    private static async Task<Page> OpenColleague(Browser browser, string email)
    {
        var link = (await browser.Open(Path)).Document.QuerySelectorAll("tbody a").Single(a => Page.TextOf(a) == email);
        return await browser.Open(link.GetAttribute("href")!);
    }

    private static async Task<AuthServer> Server()
    {
        var server = await AuthServer.Start();
        await server.CreateAdministrator(await server.CreateAccount());
        return server;
    }
}
