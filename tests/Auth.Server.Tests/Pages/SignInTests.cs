namespace Auth.Server.Tests.Pages;

[Category("AnyDatabase")]
[Category("Slow")]
public sealed class SignInTests
{
    private const string Email = "ada@example.com";

    [TestCase("/")]
    [TestCase("/scim-credentials")]
    [TestCase("/settings/user-management?search=a%20b")]
    [TestCase("/sign-out")]
    public async Task Every_page_requires_a_sign_in_and_is_returned_to(string path)
    {
        await using var server = await Server();
        using var browser = Browser.At(server);

        var asked = await browser.Open(path);

        Assert.That(asked.Status, Is.EqualTo(302));
        Assert.That(asked.Location, Is.EqualTo($"/sign-in?returnUrl={Uri.EscapeDataString(path)}"));
        var signedIn = await browser.Submit(
            await browser.Follow(asked), "Sign in", ("email", Email), ("password", AuthServer.Password));
        Assert.That(signedIn.Status, Is.EqualTo(302));
        Assert.That(signedIn.Location, Is.EqualTo(path));
    }

    [Test]
    public async Task A_wrong_password_and_an_unknown_address_get_the_same_response()
    {
        await using var server = await Server();
        using var browser = Browser.At(server);
        var page = await browser.Open("/sign-in");

        var wrong = await browser.Submit(page, "Sign in", ("email", Email), ("password", "wrong"));
        var unknown = await browser.Submit(page, "Sign in", ("email", "bob@example.com"), ("password", "wrong"));

        Assert.That(wrong.Status, Is.EqualTo(400));
        Assert.That(unknown.Status, Is.EqualTo(400));
        Assert.That(unknown.Text, Is.EqualTo(wrong.Text));
        Assert.That(wrong.Text, Does.Contain("The e-mail address or the password is wrong"));
        Assert.That(wrong.Field("E-mail address"), Is.EqualTo(Email));
        Assert.That(wrong.Field("Password"), Is.Empty);
        Assert.That((await browser.Open("/")).Status, Is.EqualTo(302));
    }

    [Test]
    public async Task After_five_failures_the_page_says_how_long_to_wait()
    {
        await using var server = await Server();
        using var browser = Browser.At(server);
        var page = await browser.Open("/sign-in");
        for (var i = 0; i < 5; i++)
            await browser.Submit(page, "Sign in", ("email", Email), ("password", "wrong"));

        server.Time.Advance(TimeSpan.FromSeconds(2.5));
        var throttled = await browser.Submit(page, "Sign in", ("email", Email), ("password", AuthServer.Password));

        Assert.That(throttled.Status, Is.EqualTo(429));
        Assert.That(throttled.Header("Retry-After"), Is.EqualTo("3"));
        Assert.That(throttled.Text, Does.Contain("Try again in 3 seconds."));
        server.Time.Advance(TimeSpan.FromSeconds(3));
        var signedIn = await browser.Submit(throttled, "Sign in", ("password", AuthServer.Password));
        Assert.That(signedIn.Location, Is.EqualTo("/"));
    }

    [TestCase("https://evil.example/")]
    [TestCase("//evil.example/")]
    [TestCase("/\\evil.example/")]
    [TestCase("javascript:alert(1)")]
    [TestCase("/é", Description = "Not ASCII, so it cannot be sent in a header.")]
    public async Task A_return_address_on_another_site_is_ignored(string returnUrl)
    {
        await using var server = await Server();
        using var browser = Browser.At(server);

        var page = await browser.Open($"/sign-in?returnUrl={Uri.EscapeDataString(returnUrl)}");
        var signedIn = await browser.Submit(page, "Sign in", ("email", Email), ("password", AuthServer.Password));

        Assert.That(signedIn.Location, Is.EqualTo("/"));
    }

    [TestCase("/é")]
    [TestCase("/e\u0301")]
    [TestCase("/\u65e5\u672c")]
    [TestCase("/\ud83d\ude00")]
    [TestCase("/%C3%A9")]
    [TestCase("/%E9")]
    [TestCase("/%")]
    [TestCase("/a\tb")]
    [TestCase("/a\r\nSet-Cookie: x=y")]
    [TestCase("/\u007f")]
    [TestCase("~/é")]
    [TestCase("/a?b=é#é")]
    [TestCase("\u0000")]
    public async Task No_return_address_makes_a_page_fail(string returnUrl)
    {
        await using var server = await Server();
        using var browser = Browser.At(server);
        var query = $"?returnUrl={Uri.EscapeDataString(returnUrl)}";
        var page = await browser.Open("/sign-in");

        var signedIn = await browser.Submit(
            page, "Sign in", ("email", Email), ("password", AuthServer.Password), ("returnUrl", returnUrl));
        foreach (var path in new[] { "/sign-in", "/security/confirm", "/security", "/security/authenticator", "/sign-out" })
        {
            var opened = await browser.Open(path + query);
            Assert.That(opened.Status, Is.LessThan(500), path);
            if (path == "/security/confirm" && opened.Status == 200)
            {
                var confirmed = await browser.Submit(
                    opened, "Confirm", ("password", AuthServer.Password), ("returnUrl", returnUrl));
                Assert.That(confirmed.Status, Is.LessThan(500), "confirmed");
            }
        }
        Assert.That(signedIn.Status, Is.LessThan(500));
    }

    [TestCase(7_000, true)]
    [TestCase(9_000, false, Description = "Longer than a request line may be.")]
    [TestCase(500_000, false)]
    public async Task A_return_address_that_is_too_long_is_ignored(int length, bool possible)
    {
        await using var server = await Server();
        using var browser = Browser.At(server);
        var returnUrl = "/" + new string('a', length);

        var signedIn = await browser.Submit(
            await browser.Open("/sign-in"), "Sign in",
            ("email", Email), ("password", AuthServer.Password), ("returnUrl", returnUrl));

        Assert.That(signedIn.Location, Is.EqualTo(possible ? returnUrl : "/"));
    }

    [Test]
    public async Task Signing_out_ends_the_session_and_not_only_the_cookie()
    {
        await using var server = await Server();
        using var browser = await Browser.SignedIn(server);
        using var thief = server.CreateClient();
        var cookie = await TakeCookie(server);
        thief.DefaultRequestHeaders.Add("Cookie", cookie.Cookie);
        Assert.That((int)(await thief.GetAsync(new Uri("/", UriKind.Relative))).StatusCode, Is.EqualTo(200));

        await cookie.Browser.Submit(await cookie.Browser.Open("/"), "Sign out");
        cookie.Browser.Dispose();

        Assert.That((int)(await thief.GetAsync(new Uri("/", UriKind.Relative))).StatusCode, Is.EqualTo(302));
        Assert.That((await browser.Open("/")).Status, Is.EqualTo(200), "another session of the same person");
    }

    [Test]
    public async Task A_session_ends_by_itself_after_eight_hours()
    {
        await using var server = await Server();
        using var browser = await Browser.SignedIn(server);

        for (var minutes = 20; minutes < 8 * 60; minutes += 20)
        {
            server.Time.Advance(TimeSpan.FromMinutes(20));
            Assert.That((await browser.Open("/")).Status, Is.EqualTo(200));
        }
        server.Time.Advance(TimeSpan.FromMinutes(20) - TimeSpan.FromSeconds(1));
        Assert.That((await browser.Open("/")).Status, Is.EqualTo(200));
        server.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.That((await browser.Open("/")).Status, Is.EqualTo(302));
    }

    private static async Task<AuthServer> Server()
    {
        var server = await AuthServer.Start();
        await server.CreateAdministrator(await server.CreateAccount(), Email);
        return server;
    }

    /// <summary>A signed-in browser, and a copy of its cookie.</summary>
    private static async Task<(Browser Browser, string Cookie)> TakeCookie(AuthServer server)
    {
        var browser = Browser.At(server);
        var answer = await browser.Submit(
            await browser.Open("/sign-in"), "Sign in", ("email", Email), ("password", AuthServer.Password));
        return (browser, answer.Header("Set-Cookie")!.Split(", ").Single(cookie => cookie.StartsWith("portal=")).Split(';')[0]);
    }
}
