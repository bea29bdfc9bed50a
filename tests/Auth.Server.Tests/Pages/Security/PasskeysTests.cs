using Auth.Server.Accounts;
using Auth.Server.Administrators;
using Auth.Server.Tests.Administrators;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Tests.Pages.Security;

/// <summary>Passkeys (W3C WebAuthn §7).</summary>
[Category("Slow")]
[Category("AnyDatabase")]
public sealed class PasskeysTests
{
    [Test]
    public async Task A_passkey_signs_in_alone_and_the_password_no_longer_does()
    {
        await using var server = await Server();
        using var ada = await Browser.SignedIn(server);
        using var device = new SoftwareAuthenticator();
        var added = await ada.AddPasskey(device, "Phone <b>");
        Assert.That(SecondFactor.RecoveryCodesOn(added), Has.Count.EqualTo(10));
        Assert.That((await ada.Open("/security/passkeys")).Text, Does.Contain("Phone <b> added"));

        using var browser = Browser.At(server);
        var asked = await browser.Open("/sign-in?returnUrl=%2Fscim-credentials");
        Assert.That(asked.Document.QuerySelector("#email")!.GetAttribute("autocomplete"), Does.Contain("webauthn"));
        Assert.That((await browser.UsePasskey(asked, device)).Location, Is.EqualTo("/scim-credentials"));
        Assert.That((await browser.Open("/")).Status, Is.EqualTo(200));

        using var other = Browser.At(server);
        var second = await other.EnterPassword();
        Assert.That(second.Headings[0], Is.EqualTo("One more step"));
        Assert.That((await other.UsePasskey(second, device)).Location, Is.EqualTo("/"));
    }

    [TestCase("origin", "https://evil.example")]
    [TestCase("origin", "http://localhost:5001.evil.example")]
    [TestCase("origin", "http://evil.localhost:5001")]
    [TestCase("origin", "http://localhost:5002")]
    [TestCase("origin", "https://localhost:5001")]
    [TestCase("rp", "evil.example")]
    [TestCase("frame", "")]
    [TestCase("unverified", "", Description = "The device has not verified its user.")]
    [TestCase("handle", "")]
    [TestCase("handle", "00000000-0000-0000-0000-000000000001")]
    [TestCase("handle", "nonsense")]
    [TestCase("key", "")]
    public async Task An_answer_for_another_site_or_of_another_device_is_refused(string what, string value)
    {
        await using var server = await Server();
        using var ada = await Browser.SignedIn(server);
        using var device = new SoftwareAuthenticator();
        await ada.AddPasskey(device);
        using var copy =
            new SoftwareAuthenticator { CredentialId = device.CredentialId, UserHandle = device.UserHandle };
        using var browser = Browser.At(server);
        var page = await browser.Open("/sign-in");
        switch (what)
        {
            case "origin": device.Origin = value; break;
            case "rp": device.RpId = value; break;
            case "frame": device.CrossOrigin = true; break;
            case "unverified": device.VerifiesUser = false; break;
            case "handle": device.UserHandle = value == "" ? null : Encode(value); break;
        }

        var refused = await browser.UsePasskey(page, what == "key" ? copy : device);

        Assert.That(refused.Status, Is.EqualTo(400));
        Assert.That(refused.Text, Does.Contain("This passkey was not accepted."));
        Assert.That((await browser.Open("/")).Status, Is.EqualTo(302));
    }

    [Test]
    public async Task An_answer_works_once_and_only_for_its_own_challenge()
    {
        await using var server = await Server();
        using var ada = await Browser.SignedIn(server);
        using var device = new SoftwareAuthenticator();
        await ada.AddPasskey(device);
        using var browser = Browser.At(server);
        var page = await browser.Open("/sign-in");
        var answer = device.Get(SecondFactor.OptionsOn(page));
        var ticket = TicketOn(page);
        Assert.That((await browser.Submit(page, "Use a passkey", ("answer", answer))).Location, Is.EqualTo("/"));

        using var thief = Browser.At(server);
        var own = await thief.Open("/sign-in");
        var replayed = await thief.Submit(own, "Use a passkey", ("answer", answer), ("ticket", ticket));
        var toAnother = await thief.Submit(own, "Use a passkey", ("answer", answer));

        Assert.That(replayed.Status, Is.EqualTo(400));
        Assert.That(toAnother.Status, Is.EqualTo(400));
        Assert.That(await server.WithDatabase(db => db.UsedChallenges.CountAsync()), Is.EqualTo(1));
    }

    [Test]
    public async Task Of_concurrent_copies_of_an_answer_one_works()
    {
        await using var server = await Server();
        using var ada = await Browser.SignedIn(server);
        using var device = new SoftwareAuthenticator();
        await ada.AddPasskey(device);
        var browsers = Enumerable.Range(0, 6).Select(_ => Browser.At(server)).ToList();
        var pages = await Task.WhenAll(browsers.Select(browser => browser.Open("/sign-in")));
        var (answer, ticket) = (device.Get(SecondFactor.OptionsOn(pages[0])), TicketOn(pages[0]));

        var answers = await Task.WhenAll(browsers.Zip(pages, (browser, page) =>
            browser.Submit(page, "Use a passkey", ("answer", answer), ("ticket", ticket))));

        Assert.That(answers.Count(one => one.Status == 302), Is.EqualTo(1));
        browsers.ForEach(browser => browser.Dispose());
    }

    [Test]
    public async Task A_challenge_is_valid_for_a_quarter_of_an_hour()
    {
        await using var server = await Server();
        using var ada = await Browser.SignedIn(server);
        using var device = new SoftwareAuthenticator();
        await ada.AddPasskey(device);
        using var browser = Browser.At(server);
        var page = await browser.Open("/sign-in");
        server.Time.Advance(TimeSpan.FromMinutes(15));

        var late = await browser.UsePasskey(page, device);

        Assert.That(late.Status, Is.EqualTo(400));
        Assert.That((await browser.UsePasskey(late, device)).Location, Is.EqualTo("/"), "the page has a new challenge");
    }

    [Test]
    public async Task The_signature_counter_reveals_a_cloned_device()
    {
        await using var server = await Server();
        using var ada = await Browser.SignedIn(server);
        using var device = new SoftwareAuthenticator { Counter = 1 };
        await ada.AddPasskey(device);
        using var browser = Browser.At(server);

        device.Counter = 7;
        Assert.That((await browser.UsePasskey(await browser.Open("/sign-in"), device)).Location, Is.EqualTo("/"));
        using var other = Browser.At(server);
        Assert.That((await other.UsePasskey(await other.Open("/sign-in"), device)).Status, Is.EqualTo(400));
        device.Counter = 8;
        Assert.That((await other.UsePasskey(await other.Open("/sign-in"), device)).Location, Is.EqualTo("/"));
    }

    [Test]
    public async Task A_passkey_of_another_administrator_is_neither_a_second_step_nor_a_confirmation()
    {
        await using var server = await Server();
        var account = await server.WithDatabase(db => db.Accounts.SingleAsync());
        await server.CreateAdministrator(account, "eve@example.com");
        using var ada = await Browser.SignedIn(server);
        using var eve = await Browser.SignedIn(server, "eve@example.com");
        using var adas = new SoftwareAuthenticator();
        using var eves = new SoftwareAuthenticator();
        await ada.AddPasskey(adas);
        await eve.AddPasskey(eves);
        server.Time.Advance(TimeSpan.FromMinutes(10));

        // Eve knows Ada's password.
        using var browser = Browser.At(server);
        var second = await browser.EnterPassword();
        Assert.That((await browser.UsePasskey(second, eves)).Status, Is.EqualTo(400));
        eves.UserHandle = adas.UserHandle;
        Assert.That((await browser.UsePasskey(second, eves)).Status, Is.EqualTo(400));

        // Eve uses Ada's unlocked browser, with an answer to her own challenge.
        eves.UserHandle = null;
        var confirm = await ada.Open("/security/confirm?returnUrl=%2Fsecurity%2Fpasskeys");
        var own = await eve.Open("/security/confirm");
        var brought = await ada.Submit(
            confirm, "Use a passkey", ("answer", eves.Get(SecondFactor.OptionsOn(own))), ("ticket", TicketOn(own)));
        Assert.That(brought.Status, Is.EqualTo(400));
        Assert.That((await ada.Open("/security/passkeys")).Status, Is.EqualTo(302));
        Assert.That((await ada.UsePasskey(confirm, adas)).Location, Is.EqualTo("/security/passkeys"));
        Assert.That((await ada.Open("/security/passkeys")).Status, Is.EqualTo(200));
    }

    [TestCase("https://evil.example", true)]
    [TestCase("http://localhost:5001", false)]
    public async Task A_passkey_of_another_site_or_without_verification_is_not_added(string origin, bool verified)
    {
        await using var server = await Server();
        using var ada = await Browser.SignedIn(server);
        using var device = new SoftwareAuthenticator { Origin = origin, VerifiesUser = verified };

        var refused = await ada.AddPasskey(device);

        Assert.That(refused.Status, Is.EqualTo(400));
        Assert.That(refused.Text, Does.Contain("Nothing was added"));
        Assert.That(await server.WithDatabase(db => db.Passkeys.CountAsync()), Is.Zero);
    }

    [TestCase(" ")]
    [TestCase("A name that is much longer than anybody needs to tell devices apart")]
    public async Task A_name_must_have_1_to_60_characters(string name)
    {
        await using var server = await Server();
        using var ada = await Browser.SignedIn(server);
        using var device = new SoftwareAuthenticator();

        var refused = await ada.AddPasskey(device, name);

        Assert.That(refused.Status, Is.EqualTo(400));
        Assert.That(refused.Text, Does.Contain("1 to 60 characters"));
    }

    [Test]
    public async Task A_passkey_that_was_requested_by_another_administrator_is_not_added()
    {
        await using var server = await Server();
        var account = await server.WithDatabase(db => db.Accounts.SingleAsync());
        await server.CreateAdministrator(account, "eve@example.com");
        using var ada = await Browser.SignedIn(server);
        using var eve = await Browser.SignedIn(server, "eve@example.com");
        using var device = new SoftwareAuthenticator();
        var own = await eve.Open("/security/passkeys");

        var refused = await ada.Submit(
            await ada.Open("/security/passkeys"), "Add a passkey",
            ("answer", device.Create(SecondFactor.OptionsOn(own))), ("ticket", TicketOn(own)));

        Assert.That(refused.Status, Is.EqualTo(400));
        Assert.That(await server.WithDatabase(db => db.Passkeys.CountAsync()), Is.Zero);
    }

    [Test]
    public async Task A_removed_passkey_is_refused_and_the_other_sessions_end()
    {
        await using var server = await Server();
        using var ada = await Browser.SignedIn(server);
        using var device = new SoftwareAuthenticator();
        await ada.AddPasskey(device);
        using var other = Browser.At(server);
        await other.UsePasskey(await other.Open("/sign-in"), device);

        var removed = await ada.Submit(await ada.Open("/security/passkeys"), "Remove the passkey My device");

        Assert.That((await ada.Follow(removed)).Text, Does.Contain("The passkey was removed."));
        Assert.That((await other.Open("/")).Status, Is.EqualTo(302));
        Assert.That((await other.UsePasskey(await other.Open("/sign-in"), device)).Status, Is.EqualTo(400));
        Assert.That((await other.EnterPassword()).Location, Is.EqualTo("/"), "the password is enough again");
    }

    [Test]
    public async Task Passkeys_are_not_throttled()
    {
        await using var server = await Server();
        using var ada = await Browser.SignedIn(server);
        using var device = new SoftwareAuthenticator();
        await ada.AddPasskey(device);
        using var browser = Browser.At(server);
        var page = await browser.Open("/sign-in");
        for (var i = 0; i < 5; i++)
            await browser.Submit(page, "Sign in", ("email", "ada@example.com"), ("password", "wrong"));
        Assert.That((await browser.EnterPassword()).Status, Is.EqualTo(429));

        Assert.That((await browser.UsePasskey(await browser.Open("/sign-in"), device)).Location, Is.EqualTo("/"));
    }

    private static string TicketOn(Page page) =>
        page.Document.QuerySelector("form[data-passkey] input[name=ticket]")!.GetAttribute("value")!;

    private static string Encode(string text) =>
        System.Buffers.Text.Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes(text));

    private static async Task<AuthServer> Server()
    {
        var server = await AuthServer.Start();
        await server.CreateAdministrator(await server.CreateAccount());
        return server;
    }
}
