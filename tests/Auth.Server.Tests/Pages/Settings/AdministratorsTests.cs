using Auth.Server.Administrators;

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
            (await ada.Open(Path)).Text, Does.Contain("bob@example.com None Never").And.Not.Contain("Withdraw"));
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

    private static async Task<AuthServer> Server()
    {
        var server = await AuthServer.Start();
        await server.CreateAdministrator(await server.CreateAccount());
        return server;
    }
}
