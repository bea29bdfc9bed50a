using System.Net.Sockets;
using System.Text;
using Auth.Server.Administrators;
using Auth.Server.Tests.Connect;
using Auth.Server.Tests.Messages;
using Auth.Server.Tests.Pages;
using Auth.Server.Tests.Pages.Security;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Auth.Server.Tests.Administrators;

/// <summary>Nothing that an administrator authenticates with appears in a log.</summary>
[Category("AnyDatabase")]
[Category("Slow")]
public sealed class LoggedSecretsTests
{
    private const string Wrong = "wrong-canary-password";
    private const string New = "another horse, another battery";

    // As verbose as the settings allow, including categories that are limited by name.
    private static readonly string[] everything =
    [
        "--Logging:LogLevel:Default=Trace", "--Logging:LogLevel:Microsoft.AspNetCore=Trace",
        "--Logging:LogLevel:Microsoft.AspNetCore.Hosting.Diagnostics=Information",
        "--Logging:LogLevel:Microsoft.AspNetCore.Server.Kestrel.BadRequests=Debug",
        "--Logging:LogLevel:Microsoft.EntityFrameworkCore=Trace", "--Logging:LogLevel:OpenIddict=Trace",
        "--Logging:LogLevel:System.Net.Http=Trace", "--Logging:Console:LogLevel:Default=None",
    ];

    [Test]
    public async Task No_address_of_a_request_or_redirect_is_logged_at_any_level()
    {
        await using var server = await AuthServer.Start(everything);
        using var log = new LogRecorder();
        server.Services.GetRequiredService<ILoggerFactory>().AddProvider(log);
        using var client = await AllowedClient.Of(server);
        using var browser = Browser.At(server);

        var code = await client.Code(client.Request("&state=canary-state"));
        var signIn = await browser.Open(client.Request("&state=canary-signed-out"));
        var signedIn = await browser.Submit(
            await browser.Follow(signIn), "Sign in", ("email", "ada@example.com"), ("password", AuthServer.Password));
        Assert.That(signedIn.Location, Does.Contain("canary-signed-out"));
        await browser.Submit(await browser.Follow(signedIn), "Deny");
        await browser.Open(client.Request("&state=canary-nobody-asked&prompt=none"));
        await browser.Open("/settings/user-management?search=canary-search");
        await browser.Open("/no-such-page?token=canary-lost");
        foreach (var path in new[] { "/connect/token", "/connect/introspect", "/management/v1/accounts", "/sign-in" })
            await browser.Post($"{path}?client_secret=canary-secret", ("grant_type", "client_credentials"));
        await SendLine(server, "GET /sign-in?token=canary-broken\u0001 HTTP/1.1\r\n\r\n");

        Assert.That(log.Lines, Has.Some.Contains("/sign-in"), "requests are logged");
        Assert.That(log.Lines.Where(line => line.Contains("canary-", StringComparison.Ordinal)), Is.Empty);
        Assert.That(log.Lines.Where(line => line.Contains(code, StringComparison.Ordinal)), Is.Empty);
    }

    /// <summary>Sends a request that no HTTP client would send, and waits for the response.</summary>
    private static async Task SendLine(AuthServer server, string line)
    {
        using var connection = new TcpClient();
        await connection.ConnectAsync(server.Address.Host, server.Address.Port);
        await using var stream = connection.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(line));
        using var reader = new StreamReader(stream);
        Assert.That(await reader.ReadLineAsync(), Does.Contain("400"));
    }

    [Test]
    public async Task No_password_code_link_or_key_is_logged_at_any_level()
    {
        await using var mail = new TestMailServer();
        await using var server = await AuthServer.Start([.. everything, .. mail.Settings]);
        using var log = new LogRecorder();
        server.Services.GetRequiredService<ILoggerFactory>().AddProvider(log);
        await server.CreateAdministrator(await server.CreateAccount());

        var secrets = await UseAll(server, mail);

        Assert.That(log.Lines, Has.Some.Contains("POST").And.Some.Contains("/sign-in"), "requests are logged");
        Assert.That(log.Lines, Has.Some.Contains("\"AuthenticatorApps\""), "and statements");
        Assert.That(log.Lines, Has.Some.Contains("Attempting to bind").And.Some.Contains("Password"), "and forms");
        Assert.That(secrets, Has.Count.GreaterThan(20).And.All.Length.GreaterThan(5));
        foreach (var secret in secrets)
            Assert.That(log.Lines.Where(line => line.Contains(secret, StringComparison.OrdinalIgnoreCase)), Is.Empty);
    }

    /// <summary>Signs in, sets up, guesses, invites and resets. Returns all secrets that were used.</summary>
    private static async Task<List<string>> UseAll(AuthServer server, TestMailServer mail)
    {
        var secrets = new List<string> { AuthServer.Password, Wrong, New };
        using var ada = await Browser.SignedIn(server);
        await ada.Submit(await ada.Open("/security/confirm"), "Confirm", ("password", Wrong));
        var offered = await ada.Open("/security/authenticator");
        var key = Page.TextOf(offered.Document.QuerySelector("#key")!);
        var app = new OtpNet.Totp(OtpNet.Base32Encoding.ToBytes(key.Replace(" ", "")));
        var setUp = await ada.Submit(offered, "Set up", ("code", app.CodeAt(server)));
        secrets.AddRange([key, key.Replace(" ", ""), TicketOn(offered), app.CodeAt(server)]);
        foreach (var code in SecondFactor.RecoveryCodesOn(setUp))
            secrets.AddRange([code, code.Replace("-", "")]);

        using var device = new SoftwareAuthenticator();
        await ada.AddPasskey(device);
        server.Time.Advance(TimeSpan.FromMinutes(2));
        using var browser = Browser.At(server);
        await browser.Submit(
            await browser.Open("/sign-in"), "Sign in", ("email", "ada@example.com"), ("password", Wrong));
        var second = await browser.EnterPassword();
        await browser.Submit(second, "Continue", ("code", "wrong canary code"));
        var signedIn = await browser.Submit(second, "Continue", ("code", app.CodeAt(server)));
        secrets.AddRange([TicketOn(second), "wrong canary code", app.CodeAt(server), CookieOf(signedIn, "portal")]);
        secrets.Add(CookieOf(signedIn, "device"));

        using var another = Browser.At(server);
        var asked = await another.Open("/sign-in");
        secrets.Add(device.Get(SecondFactor.OptionsOn(asked)));
        await another.UsePasskey(asked, device);
        await ada.Submit(
            await ada.Open("/security/password"), "Change password", ("current", AuthServer.Password), ("new", New));

        var invited = await ada.Submit(
            await ada.Open("/settings/administrators"), "Invite", ("email", "bob@example.com"));
        var reset = await server.With((Invitations invitations) =>
            invitations.ResetPassword("ada@example.com", "an operator", CancellationToken.None));
        var webhook = await ada.Submit(
            await ada.Open("/settings/notices"), "Add webhook", ("address", "https://example.com/canary-webhook"));
        secrets.AddRange([webhook.Field("Signing key"), "canary-webhook"]);
        foreach (var link in new[] { invited.Field("Link"), reset.Link })
        {
            using var bob = Browser.At(server);
            var opened = await bob.Submit(await bob.Open("/invitation"), "Continue", ("code", link));
            var accepted = await bob.Submit(opened, "Set password", ("new", New));
            Assert.That(accepted.Location, Is.EqualTo("/sign-in"));
            secrets.Add(link.Split('#')[1]);
        }

        await ForgottenPasswordTests.Ask(server, browser, "ada@example.com");
        secrets.Add(ForgottenPasswordTests.LinkIn(mail.Received.Single()).Split('#')[1]);
        return secrets;
    }

    private static string TicketOn(Page page) =>
        page.Document.QuerySelector("input[name=ticket]")!.GetAttribute("value")!;

    private static string CookieOf(Page page, string name) =>
        page.Header("Set-Cookie")!.Split(", ").Single(cookie => cookie.StartsWith($"{name}="))
            .Split(';')[0].Split('=')[1];
}
