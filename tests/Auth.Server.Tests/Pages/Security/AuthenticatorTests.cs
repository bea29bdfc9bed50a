using Auth.Server.Accounts;
using Auth.Server.Administrators;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Tests.Pages.Security;

/// <summary>Authenticator apps (RFC 6238) and recovery codes.</summary>
[Category("AnyDatabase")]
[Category("Slow")]
public sealed class AuthenticatorTests
{
    [Test]
    public async Task Password_and_code_sign_in_and_there_is_no_session_in_between()
    {
        await using var server = await Server();
        using var ada = await Browser.SignedIn(server);
        var (app, recoveryCodes) = await ada.SetUpApp(server);
        Assert.That(recoveryCodes, Has.Count.EqualTo(10).And.Unique);
        Assert.That(recoveryCodes, Has.All.Match("^[a-z2-9]{4}(-[a-z2-9]{4}){3}$"));
        await ada.Submit(await ada.Open("/security"), "Sign out everywhere");
        var sessions = await server.WithDatabase(db => db.Sessions.CountAsync());
        server.Time.Advance(TimeSpan.FromMinutes(1));
        using var browser = Browser.At(server);

        var second = await browser.EnterPassword(returnUrl: "/settings/provisioning-log");

        Assert.That(second.Headings[0], Is.EqualTo("One more step"));
        Assert.That(second.Header("Set-Cookie"), Does.Not.Contain("portal="));
        Assert.That(await server.WithDatabase(db => db.Sessions.CountAsync()), Is.EqualTo(sessions));
        Assert.That((await browser.Open("/")).Status, Is.EqualTo(302));
        Assert.That(second.Document.QuerySelector("#code")!.GetAttribute("autocomplete"), Is.EqualTo("one-time-code"));
        var signedIn = await browser.Submit(second, "Continue", ("code", app.CodeAt(server)));
        Assert.That(signedIn.Location, Is.EqualTo("/settings/provisioning-log"));
        Assert.That((await browser.Open("/")).Status, Is.EqualTo(200));
    }

    [Test]
    public async Task The_key_is_offered_as_a_QR_code_and_as_text_and_takes_effect_only_when_confirmed()
    {
        await using var server = await Server();
        using var ada = await Browser.SignedIn(server);

        var page = await ada.Open("/security/authenticator");
        var key = Page.TextOf(page.Document.QuerySelector("#key")!);
        var wrong = await ada.Submit(page, "Set up", ("code", "000000"));

        Assert.That(page.Document.QuerySelector(".qr svg"), Is.Not.Null);
        Assert.That(key, Does.Match("^([A-Z2-7]{4} ){7}[A-Z2-7]{4}$"), "160 bits");
        Assert.That(wrong.Status, Is.EqualTo(400));
        Assert.That(Page.TextOf(wrong.Document.QuerySelector("#key")!), Is.EqualTo(key), "the one that was scanned");
        using var browser = Browser.At(server);
        Assert.That((await browser.EnterPassword()).Location, Is.EqualTo("/"));
    }

    [Test]
    public async Task The_key_is_stored_encrypted_and_the_recovery_codes_hashed()
    {
        await using var server = await Server();
        using var ada = await Browser.SignedIn(server);
        var page = await ada.Open("/security/authenticator");
        var key = Page.TextOf(page.Document.QuerySelector("#key")!).Replace(" ", "");
        var app = new OtpNet.Totp(OtpNet.Base32Encoding.ToBytes(key));
        var recoveryCodes = SecondFactor.RecoveryCodesOn(
            await ada.Submit(page, "Set up", ("code", app.CodeAt(server))));

        var stored = await server.WithDatabase(db => db.AuthenticatorApps.Select(a => a.ProtectedKey).SingleAsync());
        var hashes = await server.WithDatabase(db => db.RecoveryCodes.Select(c => c.Hash).ToListAsync());

        Assert.That(stored, Does.StartWith("CfDJ8").And.Not.Contain(key), "encrypted by Data Protection");
        Assert.That(hashes, Has.Count.EqualTo(recoveryCodes.Count).And.All.Length.EqualTo(64));
    }

    [Test(Description = "RFC 6238 §5.2")]
    public async Task A_code_works_once_and_earlier_ones_no_longer()
    {
        await using var server = await Server();
        using var ada = await Browser.SignedIn(server);
        var (app, _) = await ada.SetUpApp(server);
        using var browser = Browser.At(server);
        var ofSetUp = await browser.Submit(await browser.EnterPassword(), "Continue", ("code", app.CodeAt(server)));
        Assert.That(ofSetUp.Status, Is.EqualTo(400), "the code that set it up");
        server.Time.Advance(TimeSpan.FromMinutes(2));
        var code = app.CodeAt(server);
        var before = app.CodeAt(server, -30);
        Assert.That(
            (await browser.Submit(await browser.EnterPassword(), "Continue", ("code", code))).Location, Is.EqualTo("/"));

        using var thief = Browser.At(server);
        var second = await thief.EnterPassword();
        foreach (var seen in new[] { code, before })
        {
            var refused = await thief.Submit(second, "Continue", ("code", seen));
            Assert.That(refused.Status, Is.EqualTo(400));
            Assert.That(refused.Text, Does.Contain("was used before"));
        }
    }

    [Test]
    public async Task A_code_that_is_sent_several_times_concurrently_works_once()
    {
        await using var server = await Server();
        using var ada = await Browser.SignedIn(server);
        var (app, _) = await ada.SetUpApp(server);
        server.Time.Advance(TimeSpan.FromMinutes(2));
        var id = await server.WithDatabase(db => db.Administrators.Select(user => user.Id).SingleAsync());
        var code = app.CodeAt(server);

        var used = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ =>
            server.With((AuthenticatorApps apps) => apps.Use(id, code, CancellationToken.None))));

        Assert.That(used.Count(one => one), Is.EqualTo(1));
    }

    [TestCase(-60, false)]
    [TestCase(-30, true)]
    [TestCase(0, true)]
    [TestCase(30, true)]
    [TestCase(60, false)]
    public async Task Clocks_may_differ_by_one_step(int seconds, bool accepted)
    {
        await using var server = await Server();
        using var ada = await Browser.SignedIn(server);
        var (app, _) = await ada.SetUpApp(server);
        server.Time.Advance(TimeSpan.FromMinutes(5));
        using var browser = Browser.At(server);

        var answer = await browser.Submit(
            await browser.EnterPassword(), "Continue", ("code", app.CodeAt(server, seconds)));

        Assert.That(answer.Status, Is.EqualTo(accepted ? 302 : 400));
    }

    [Test]
    public async Task A_recovery_code_works_once_however_it_is_typed()
    {
        await using var server = await Server();
        using var ada = await Browser.SignedIn(server);
        var (_, codes) = await ada.SetUpApp(server);
        using var browser = Browser.At(server);
        var typed = codes[3].Replace("-", " ").ToUpperInvariant();

        var signedIn = await browser.Submit(await browser.EnterPassword(), "Continue", ("code", typed));
        using var again = Browser.At(server);
        var refused = await again.Submit(await again.EnterPassword(), "Continue", ("code", codes[3]));

        Assert.That(signedIn.Location, Is.EqualTo("/"));
        Assert.That(refused.Status, Is.EqualTo(400));
        Assert.That((await browser.Open("/security")).Text, Does.Contain("9 left"));
    }

    [Test]
    public async Task New_recovery_codes_replace_the_old_ones()
    {
        await using var server = await Server();
        using var ada = await Browser.SignedIn(server);
        var (_, old) = await ada.SetUpApp(server);

        var renewed = SecondFactor.RecoveryCodesOn(
            await ada.Submit(await ada.Open("/security/recovery-codes"), "Create new codes"));

        Assert.That(renewed, Has.Count.EqualTo(10));
        Assert.That(renewed.Intersect(old), Is.Empty);
        Assert.That((await ada.Open("/security/recovery-codes")).Html, Does.Not.Contain(renewed[0]), "shown once");
        using var browser = Browser.At(server);
        var second = await browser.EnterPassword();
        Assert.That((await browser.Submit(second, "Continue", ("code", old[0]))).Status, Is.EqualTo(400));
        Assert.That((await browser.Submit(second, "Continue", ("code", renewed[0]))).Location, Is.EqualTo("/"));
    }

    [Test]
    public async Task Guesses_of_codes_are_throttled_from_any_browser_even_if_the_password_is_entered_in_between()
    {
        await using var server = await Server();
        using var ada = await Browser.SignedIn(server);
        var (app, _) = await ada.SetUpApp(server);
        server.Time.Advance(TimeSpan.FromMinutes(2));
        for (var i = 0; i < 5; i++)
        {
            // Each from a new browser, with the password, which resets only its own failures.
            using var guesser = Browser.At(server);
            await guesser.Submit(await guesser.EnterPassword(), "Continue", ("code", "000000"));
        }

        using var another = Browser.At(server);
        var second = await another.EnterPassword();
        var throttled = await another.Submit(second, "Continue", ("code", app.CodeAt(server)));
        Assert.That(throttled.Status, Is.EqualTo(429));
        Assert.That(throttled.Header("Retry-After"), Is.EqualTo("5"));

        var known = await ada.Submit(await ada.Open("/"), "Sign out");
        var own = await ada.Submit(
            await ada.Follow(known), "Sign in", ("email", "ada@example.com"), ("password", AuthServer.Password));
        var signedIn = await ada.Submit(own, "Continue", ("code", app.CodeAt(server)));
        Assert.That(signedIn.Location, Is.EqualTo("/"), "guesses in other browsers do not throttle her own");
    }

    [Test]
    public async Task The_second_step_must_follow_within_ten_minutes_and_fails_after_a_password_change()
    {
        await using var server = await Server();
        using var ada = await Browser.SignedIn(server);
        var (app, _) = await ada.SetUpApp(server);
        using var browser = Browser.At(server);
        var late = await browser.EnterPassword();
        server.Time.Advance(TimeSpan.FromMinutes(10));
        var refused = await browser.Submit(late, "Continue", ("code", app.CodeAt(server)));
        Assert.That(refused.Status, Is.EqualTo(400));
        Assert.That(refused.Text, Does.Contain("That took too long."));

        var second = await browser.EnterPassword();
        await ada.Submit(
            await ada.Open("/security/password"), "Change password",
            ("current", AuthServer.Password), ("new", "another horse, another battery"));
        Assert.That((await browser.Submit(second, "Continue", ("code", app.CodeAt(server)))).Status, Is.EqualTo(400));
    }

    [Test]
    public async Task A_key_that_was_offered_to_another_administrator_is_refused()
    {
        await using var server = await Server();
        await server.CreateAdministrator(await server.WithDatabase(db => db.Accounts.SingleAsync()), "eve@example.com");
        using var eve = await Browser.SignedIn(server, "eve@example.com");
        var offered = await eve.Open("/security/authenticator");
        var key = Page.TextOf(offered.Document.QuerySelector("#key")!).Replace(" ", "");
        var ticket = offered.Document.QuerySelector("input[name=ticket]")!.GetAttribute("value")!;
        using var ada = await Browser.SignedIn(server);

        var answer = await ada.Submit(
            await ada.Open("/security/authenticator"), "Set up", ("ticket", ticket),
            ("code", new OtpNet.Totp(OtpNet.Base32Encoding.ToBytes(key)).CodeAt(server)));

        Assert.That(answer.Status, Is.EqualTo(400));
        Assert.That(await server.WithDatabase(db => db.AuthenticatorApps.CountAsync()), Is.Zero);
    }

    [Test]
    public async Task Setting_up_and_removing_end_the_other_sessions_and_require_a_recent_sign_in()
    {
        await using var server = await Server();
        using var other = await Browser.SignedIn(server);
        using var ada = await Browser.SignedIn(server);
        await ada.SetUpApp(server);
        Assert.That((await other.Open("/")).Status, Is.EqualTo(302));
        var page = await ada.Open("/security/authenticator");
        server.Time.Advance(TimeSpan.FromMinutes(10));

        var asked = await ada.Submit(page, "Remove the authenticator app");
        Assert.That(asked.Location, Does.StartWith("/security/confirm?"));
        await ada.Submit(await ada.Follow(asked), "Confirm", ("password", AuthServer.Password));
        var removed = await ada.Submit(page, "Remove the authenticator app");

        Assert.That(removed.Location, Is.EqualTo("/security"));
        Assert.That(
            (await ada.Follow(removed)).Text, Does.Contain("was removed").And.Contain("Anyone with your password can sign in"));
        Assert.That(
            await server.WithDatabase(db => db.RecoveryCodes.CountAsync()), Is.Zero, "they go with the last factor");
        using var browser = Browser.At(server);
        Assert.That((await browser.EnterPassword()).Location, Is.EqualTo("/"));
    }

    private static async Task<AuthServer> Server()
    {
        var server = await AuthServer.Start();
        await server.CreateAdministrator(await server.CreateAccount());
        return server;
    }
}
