using Auth.Server.Administrators;
using Auth.Server.Audit;
using Auth.Server.Tests.Messages;
using Auth.Server.Tests.Pages.Operators;
using Auth.Server.Tests.Pages.Security;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using MimeKit;

namespace Auth.Server.Tests.Pages;

/// <summary>A forgotten password is replaced by a link that is sent by e-mail.</summary>
[Category("Slow")]
public sealed class ForgottenPasswordTests
{
    private const string Path = "/forgotten-password";

    private TestMailServer mail = null!;
    private AuthServer server = null!;
    private Browser browser = null!;

    [SetUp]
    public async Task Start()
    {
        mail = new();
        server = await AuthServer.Start([.. mail.Settings, "--Auth:KnownProxies:0=127.0.0.1"]);
        browser = Browser.At(server);
        await server.CreateAdministrator(await server.CreateAccount("Acme"));
    }

    [TearDown]
    public async Task Stop()
    {
        browser.Dispose();
        await server.DisposeAsync();
        await mail.DisposeAsync();
    }

    [Test]
    public async Task An_administrator_sets_a_new_password_with_the_link()
    {
        using var before = await Browser.SignedIn(server);
        var signIn = await browser.Open("/sign-in");
        Assert.That(
            signIn.Document.QuerySelectorAll("a").Single(link => link.TextContent == "Forgotten your password?")
                .GetAttribute("href"),
            Is.EqualTo(Path));
        await Ask(" ADA@example.com ");

        var message = mail.Received.Single();
        Assert.That($"{message.To}", Is.EqualTo("ada@example.com"), "the stored address");
        Assert.That(message.Subject, Is.EqualTo("Set a new password for SciLeads"));
        Assert.That(message.TextBody, Does.Contain("an administrator of Acme").And.Contain("within an hour"));
        using var still = await Browser.SignedIn(server);
        var opened = await Open(mail.Received[0]);
        Assert.That(opened.Headings[0], Is.EqualTo("Set a new password"));
        var accepted = await browser.Submit(opened, "Set password", ("new", "Another-Horse-Battery-8"));
        Assert.That(accepted.Location, Is.EqualTo("/sign-in"));
        Assert.That((await before.Open("/")).Location, Does.StartWith("/sign-in"), "sessions have ended");
        var again = await browser.Submit(
            await browser.Follow(accepted), "Sign in", ("email", "ada@example.com"),
            ("password", "Another-Horse-Battery-8"));
        Assert.That(again.Location, Is.EqualTo("/"));
        Assert.That(
            await server.WithDatabase(db => db.AuditEntries.AsNoTracking()
                .SingleAsync(entry => entry.Action == AuditAction.ResetPassword)),
            Has.Property("About").EqualTo("ada@example.com").And.Property("Address").EqualTo("127.0.0.1"));
    }

    [Test]
    public async Task The_link_works_once_within_an_hour_and_second_factors_remain()
    {
        using var ada = await Browser.SignedIn(server);
        await ada.SetUpApp(server);
        await Ask("ada@example.com");
        server.Time.Advance(TimeSpan.FromHours(1) - TimeSpan.FromSeconds(1));
        var opened = await Open(mail.Received[0]);
        await browser.Submit(opened, "Set password", ("new", "Another-Horse-Battery-8"));
        var again = await browser.Submit(opened, "Set password", ("new", "Another-Horse-Battery-9"));
        Assert.That(again.Status, Is.EqualTo(404));

        var second = await browser.Submit(
            await browser.Open("/sign-in"), "Sign in", ("email", "ada@example.com"),
            ("password", "Another-Horse-Battery-8"));
        Assert.That(second.Headings[0], Is.EqualTo("One more step"));
        Assert.That((await browser.Open("/")).Location, Does.StartWith("/sign-in"));

        await Ask("ada@example.com");
        server.Time.Advance(TimeSpan.FromHours(1) + TimeSpan.FromSeconds(1));
        Assert.That((await Open(mail.Received[1])).Status, Is.EqualTo(404));
    }

    [Test]
    public async Task The_answer_does_not_depend_on_the_address()
    {
        var (known, unknown) = (await Ask("ada@example.com"), await Ask("eve@example.com"));
        Assert.That(
            unknown.Text.Replace("eve@", "ada@", StringComparison.Ordinal),
            Is.EqualTo(known.Text).And.Contain("Look at your e-mail"));
        Assert.That((known.Status, unknown.Status), Is.EqualTo((200, 200)));
        Assert.That($"{mail.Received.Single().To}", Is.EqualTo("ada@example.com"));
        Assert.That(
            await server.WithDatabase(db => db.AuditEntries.CountAsync(
                entry => entry.Action == AuditAction.ResetPassword)),
            Is.EqualTo(1));
        var wrong = await browser.Submit(await browser.Open(Path), "Send the link", ("email", "nobody"));
        Assert.That(wrong.Status, Is.EqualTo(400));
    }

    [Test]
    public async Task An_operator_gets_no_link()
    {
        await server.CreateOperator();
        var answer = await Ask(OperatorSignIn.Olga);
        Assert.That((answer.Status, mail.Received.Count), Is.EqualTo((200, 0)));
        Assert.That(await server.WithDatabase(db => db.Invitations.CountAsync()), Is.Zero);
        var signIn = await browser.Open("/operator/sign-in");
        Assert.That(signIn.Text, Does.Contain("A colleague with access to the server"));
        Assert.That(signIn.Html, Does.Not.Contain(Path));
    }

    [Test]
    public async Task There_is_one_link_in_ten_minutes_for_each_account()
    {
        await server.CreateAdministrator(await server.CreateAccount("Other"), "ada@example.com", readOnly: true);
        await Ask("ada@example.com");
        await Ask("ada@example.com");
        Assert.That(
            mail.Received.Select(message => message.TextBody!.Contains("of Other.", StringComparison.Ordinal)),
            Is.EquivalentTo(new[] { false, true }));

        server.Time.Advance(TimeSpan.FromMinutes(10));
        await Ask("ada@example.com");

        Assert.That(mail.Received, Has.Count.EqualTo(4));
        Assert.That((await Open(mail.Received[0])).Text, Does.Contain("This invitation is not valid."));
        Assert.That((await Open(mail.Received[3])).Headings[0], Is.EqualTo("Set a new password"));
    }

    [Test]
    public async Task A_network_can_ask_five_times_in_ten_minutes()
    {
        for (var i = 0; i < 5; i++)
            Assert.That((await Ask($"person{i}@example.com")).Status, Is.EqualTo(200));
        var refused = await Ask("ada@example.com");
        Assert.That((refused.Status, mail.Received.Count), Is.EqualTo((429, 0)));
        Assert.That(refused.Text, Does.Contain("Too many attempts. Try again in "));
    }

    [Test]
    public async Task Without_a_mail_server_support_helps()
    {
        await using var without = await AuthServer.Start();
        using var visitor = Browser.At(without);
        Assert.That((await visitor.Open("/sign-in")).Text, Does.Contain("Forgotten your password? Write to"));
        Assert.That((await visitor.Open(Path)).Status, Is.EqualTo(404));
    }

    private Task<Page> Ask(string email) => Ask(server, browser, email);

    /// <summary>Asks for a link, which is sent.</summary>
    internal static async Task<Page> Ask(AuthServer server, Browser browser, string email)
    {
        var answer = await browser.Submit(await browser.Open(Path), "Send the link", ("email", email));
        await server.Services.GetRequiredService<ForgottenPasswords>().CarryOut(CancellationToken.None);
        await MailDeliveryTests.Deliver(server);
        return answer;
    }

    internal static string LinkIn(MimeMessage message) => message.TextBody!.Split('\n').Select(line => line.Trim())
        .Single(line => line.StartsWith("http", StringComparison.Ordinal));

    /// <summary>Opens the link of a message, as the page's script does.</summary>
    private async Task<Page> Open(MimeMessage message)
    {
        var link = LinkIn(message);
        Assert.That(link, Does.StartWith($"{AuthServer.PublicUrl}invitation#"));
        return await browser.Submit(await browser.Open("/invitation"), "Continue", ("code", link));
    }
}
