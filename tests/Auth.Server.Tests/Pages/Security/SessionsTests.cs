using Auth.Server.Accounts;
using Auth.Server.Administrators;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Tests.Pages.Security;

[Category("Slow")]
public sealed class SessionsTests
{
    [Test]
    public async Task The_page_lists_the_sessions_and_ends_one()
    {
        await using var server = await Server();
        using var first = await Browser.SignedIn(server);
        server.Time.Advance(TimeSpan.FromMinutes(5));
        using var second = await Browser.SignedIn(server);

        var page = await second.Open("/security");
        var rows = page.Document.QuerySelectorAll("tbody tr").Select(Page.TextOf).ToList();
        Assert.That(rows, Has.Count.EqualTo(2));
        Assert.That(rows[0], Does.Contain("This session").And.Contain("127.0.0.1"));
        Assert.That(rows[1], Does.Not.Contain("This session").And.EndWith("End"));

        var ended = await second.Submit(page, ButtonThatEnds(page));
        Assert.That((await second.Follow(ended)).Text, Does.Contain("The session was ended."));
        Assert.That((await first.Open("/")).Status, Is.EqualTo(302));
        Assert.That((await second.Open("/")).Status, Is.EqualTo(200));
    }

    [TestCase("End all other sessions", 200)]
    [TestCase("Sign out everywhere", 302)]
    public async Task All_other_sessions_are_ended_and_optionally_the_own(string button, int ownStatus)
    {
        await using var server = await Server();
        using var first = await Browser.SignedIn(server);
        using var second = await Browser.SignedIn(server);
        using var third = await Browser.SignedIn(server);

        await third.Submit(await third.Open("/security"), button);

        Assert.That((await first.Open("/")).Status, Is.EqualTo(302));
        Assert.That((await second.Open("/")).Status, Is.EqualTo(302));
        Assert.That((await third.Open("/")).Status, Is.EqualTo(ownStatus));
    }

    [Test]
    public async Task The_session_of_another_administrator_is_neither_shown_nor_ended()
    {
        await using var server = await Server();
        await server.CreateAdministrator(await server.WithDatabase(db => db.Accounts.SingleAsync()), "bob@example.com");
        using var ada = await Browser.SignedIn(server);
        var session = await server.WithDatabase(db => db.Sessions.Select(s => s.Id).SingleAsync());
        using var bob = await Browser.SignedIn(server, "bob@example.com");
        using var again = await Browser.SignedIn(server, "bob@example.com");

        var page = await bob.Open("/security");
        Assert.That(page.Html, Does.Not.Contain(session.ToString()));
        await bob.Submit(page, ButtonThatEnds(page), ("id", session.ToString()));
        await bob.Submit(page, "Sign out everywhere");

        Assert.That((await ada.Open("/")).Status, Is.EqualTo(200));
        Assert.That((await again.Open("/")).Status, Is.EqualTo(302));
    }

    [Test]
    public async Task The_last_use_is_accurate_to_a_minute()
    {
        await using var server = await Server();
        using var browser = await Browser.SignedIn(server);
        var told = new List<TimeSpan>();
        foreach (var seconds in new[] { 59, 1, 30, 90 })
        {
            server.Time.Advance(TimeSpan.FromSeconds(seconds));
            await browser.Open("/");
            var last = await server.WithDatabase(db => db.Sessions.Select(s => s.LastUsedAt).SingleAsync());
            told.Add(server.Time.GetUtcNow().UtcDateTime - last);
        }
        Assert.That(told.Select(late => late.TotalSeconds), Is.EqualTo(new[] { 59.0, 0, 30, 0 }));
    }

    [Test]
    public async Task A_new_password_ends_the_other_sessions_and_the_old_password()
    {
        await using var server = await Server();
        using var other = await Browser.SignedIn(server);
        using var browser = await Browser.SignedIn(server);
        const string next = "another horse, another battery";

        var page = await browser.Open("/security/password");
        var wrong = await browser.Submit(page, "Change password", ("current", "wrong"), ("new", next));
        Assert.That(wrong.Status, Is.EqualTo(400));
        Assert.That(wrong.Text, Does.Contain("The current password is wrong."));
        var weak = await browser.Submit(
            page, "Change password", ("current", AuthServer.Password), ("new", "Password1234"));
        Assert.That(weak.Text, Does.Contain("a common one"));
        Assert.That((await other.Open("/")).Status, Is.EqualTo(200), "nothing has changed yet");
        var changed = await browser.Submit(page, "Change password", ("current", AuthServer.Password), ("new", next));

        Assert.That(changed.Location, Is.EqualTo("/security"));
        Assert.That((await browser.Open("/")).Status, Is.EqualTo(200));
        Assert.That((await other.Open("/")).Status, Is.EqualTo(302));
        var signIn = await other.Open("/sign-in");
        var old = await other.Submit(
            signIn, "Sign in", ("email", "ada@example.com"), ("password", AuthServer.Password));
        Assert.That(old.Status, Is.EqualTo(400));
        var renewed = await other.Submit(signIn, "Sign in", ("email", "ada@example.com"), ("password", next));
        Assert.That(renewed.Location, Is.EqualTo("/"));
    }

    [Test]
    public async Task Guesses_of_the_current_password_are_throttled()
    {
        await using var server = await Server();
        using var browser = await Browser.SignedIn(server);
        var page = await browser.Open("/security/password");
        for (var i = 0; i < 5; i++)
            await browser.Submit(
                page, "Change password", ("current", $"guess {i}"), ("new", "another horse, another battery"));

        var throttled = await browser.Submit(
            page, "Change password", ("current", AuthServer.Password), ("new", "another horse, another battery"));

        Assert.That(throttled.Status, Is.EqualTo(429));
        Assert.That(throttled.Header("Retry-After"), Is.EqualTo("5"));
    }

    private static string ButtonThatEnds(Page page) =>
        page.Document.QuerySelectorAll("tbody button").Single().GetAttribute("aria-label")!;

    private static async Task<AuthServer> Server()
    {
        var server = await AuthServer.Start();
        await server.CreateAdministrator(await server.CreateAccount());
        return server;
    }
}
