using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Auth.Server.Accounts;
using Auth.Server.Messages;
using Auth.Server.Tests.Messages;
using Auth.Server.Tests.Notices;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using WireMock.RequestBuilders;
using WireMock.ResponseBuilders;
using WireMock.Server;
using WireMock.Settings;

namespace Auth.Server.Tests.Pages.Settings;

/// <summary>Notices are posted to webhooks, which administrators add and remove.</summary>
[Category("Slow")]
[Category("AnyDatabase")]
public sealed class NoticesTests
{
    private const string Notices = "/settings/notices";

    private X509Certificate2 certificate = null!;
    private WireMockServer receiver = null!;
    private AuthServer server = null!;
    private Account account = null!;
    private Browser browser = null!;

    [SetUp]
    public async Task Start()
    {
        certificate = TestCertificate.Create();
        // It accepts a file only.
        var file = Path.GetTempFileName();
        await File.WriteAllBytesAsync(file, certificate.Export(X509ContentType.Pfx));
        receiver = WireMockServer.Start(new WireMockServerSettings
        {
            UseSSL = true,
            CertificateSettings = new() { X509CertificateFilePath = file },
        });
        File.Delete(file);
        server = await AuthServer.Start();
        account = await server.CreateAccount("Acme");
        await server.CreateAdministrator(account);
        await server.Generate(account);
        browser = await Browser.SignedIn(server);
    }

    [TearDown]
    public async Task Stop()
    {
        browser.Dispose();
        await server.DisposeAsync();
        receiver.Dispose();
        certificate.Dispose();
    }

    private string Address => $"https://localhost:{receiver.Port}/hook?a=b";

    [Test]
    public async Task A_notice_is_posted_once_with_a_signature()
    {
        Answer(204);
        var added = await browser.Submit(await browser.Open(Notices), "Add webhook", ("address", Address));
        var key = added.Field("Signing key");
        Assert.That(added.Text, Does.Contain("shown only once").And.Contain("Nothing yet Working"));
        Assert.That((await browser.Open(Notices)).Html, Does.Not.Contain(key));
        server.Time.Advance(TimeSpan.FromDays(275));
        await ExpiryNoticesTests.Write(server);
        await ExpiryNoticesTests.Write(server);
        await Deliver();
        await Deliver();

        var request = receiver.LogEntries.Single().RequestMessage!;
        var (id, timestamp) = (request.Headers!["webhook-id"][0], request.Headers["webhook-timestamp"][0]);
        Assert.That(
            timestamp,
            Is.EqualTo(server.Time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)));
        var signature = HMACSHA256.HashData(
            Convert.FromBase64String(key["whsec_".Length..]),
            Encoding.UTF8.GetBytes($"{id}.{timestamp}.{request.Body}"));
        Assert.That(
            request.Headers["webhook-signature"][0], Is.EqualTo($"v1,{Convert.ToBase64String(signature)}"));
        var json = JsonDocument.Parse(request.Body!).RootElement;
        Assert.That(json.GetProperty("type").GetString(), Is.EqualTo("credentials.expiring"));
        Assert.That(
            json.GetProperty("data").GetProperty("title").GetString(),
            Is.EqualTo("The SCIM credentials of Acme expire in 90 days"));
        Assert.That(json.GetProperty("data").GetProperty("accountId").GetGuid(), Is.EqualTo(account.Id));
        Assert.That(request.Path, Is.EqualTo("/hook"));
        var stored = await server.WithDatabase(db => db.Webhooks.SingleAsync());
        Assert.That(stored.ProtectedSecret, Does.Not.Contain(key), "it is encrypted");
        Assert.That(
            (stored.LastFailure, stored.LastDeliveredAt),
            Is.EqualTo(((string?)null, server.Time.GetUtcNow().UtcDateTime)));
    }

    [Test]
    public async Task After_a_day_a_webhook_is_shown_as_failing_until_it_works_again()
    {
        Answer(500);
        await Add();
        server.Time.Advance(TimeSpan.FromDays(275));
        await ExpiryNoticesTests.Write(server);
        await Deliver();
        Assert.That(await State(), Does.Contain("Trying again the server answered with 500"));
        for (var hour = 0; hour < 30; hour++)
        {
            server.Time.Advance(TimeSpan.FromHours(1));
            await Deliver();
        }
        var attempts = receiver.LogEntries.Count;
        Assert.That(attempts, Is.InRange(20, 30));
        Assert.That(
            receiver.LogEntries.Select(entry => entry.RequestMessage!.Headers!["webhook-id"][0]).Distinct().Count(),
            Is.EqualTo(1));
        Assert.That(await State(), Does.Contain("Failing").And.Contain("the server answered with 500"));

        Answer(200);
        server.Time.Advance(TimeSpan.FromDays(30));
        await ExpiryNoticesTests.Write(server);
        await Deliver();
        Assert.That(await State(), Does.Contain("Working").And.Not.Contain("Failing"));
        Assert.That(receiver.LogEntries, Has.Count.EqualTo(attempts + 1));
    }

    [Test]
    public async Task Nothing_is_sent_to_this_machine_or_another_server_that_the_address_does_not_name()
    {
        await Add();
        server.Time.Advance(TimeSpan.FromDays(275));
        await ExpiryNoticesTests.Write(server);
        await ActivatorUtilities.CreateInstance<WebhookWatch>(server.Services).DeliverDue(CancellationToken.None);
        Assert.That(receiver.LogEntries, Is.Empty);
        Assert.That(await State(), Does.Contain("its address is not a public one"));

        receiver.Given(Request.Create()).RespondWith(
            Response.Create().WithStatusCode(307).WithHeader("Location", $"https://localhost:{receiver.Port}/other"));
        server.Time.Advance(TimeSpan.FromHours(1));
        await Deliver();
        Assert.That(receiver.LogEntries.Single().RequestMessage!.Path, Is.EqualTo("/hook"));
        Assert.That(await State(), Does.Contain("the server answered with 307"));

        server.Time.Advance(TimeSpan.FromHours(1));
        await Deliver(checksCertificate: true);
        Assert.That(receiver.LogEntries, Has.Count.EqualTo(1));
        Assert.That(await State(), Does.Contain("The remote certificate is invalid"));
    }

    [TestCase("http://example.com/")]
    [TestCase("https://user@example.com/")]
    [TestCase("https://example.com/#x")]
    [TestCase("https://127.0.0.1/")]
    [TestCase("https://[::1]/")]
    [TestCase("https://0x7f.1/")]
    [TestCase("https://169.254.169.254/latest")]
    [TestCase("/hook")]
    public async Task An_address_that_is_not_allowed_is_refused(string address)
    {
        var refused = await browser.Submit(await browser.Open(Notices), "Add webhook", ("address", address));
        Assert.That(refused.Status, Is.EqualTo(400));
        Assert.That(refused.Text, Does.Contain("A webhook must be "));
    }

    [Test]
    public async Task Webhooks_belong_to_their_account_and_are_at_most_five()
    {
        var other = await server.CreateAccount("Other");
        var foreign = await server.With<WebhookRegister, IssuedWebhook>(register => register.Add(
            other.Id, "https://other.example/", TestOperations.Actor(), CancellationToken.None));
        var added = await browser.Submit(await browser.Open(Notices), "Add webhook", ("address", Address));
        Assert.That(added.Html, Does.Not.Contain("other.example"));
        var remove = $"Remove the webhook {Address}";
        Assert.That(
            (await browser.Submit(added, remove, ("id", $"{foreign.Webhook.Id}"))).Status, Is.EqualTo(404));
        var again = await browser.Submit(added, "Add webhook", ("address", Address));
        Assert.That(again.Status, Is.EqualTo(409));
        for (var i = 0; i < 4; i++)
            await Add($"{Address}{i}");
        var full = await browser.Submit(added, "Add webhook", ("address", "https://example.com/"));
        Assert.That(full.Text, Does.Contain("There are already 5 webhooks. Remove one first."));

        var removed = await browser.Submit(await browser.Open(Notices), remove);
        Assert.That((await browser.Follow(removed)).Text, Does.Contain("The webhook was removed."));
        Assert.That(await server.WithDatabase(db => db.Webhooks.CountAsync()), Is.EqualTo(5), "four and a foreign one");
    }

    private void Answer(int status)
    {
        receiver.ResetMappings();
        receiver.Given(Request.Create()).RespondWith(Response.Create().WithStatusCode(status));
    }

    private Task<IssuedWebhook> Add(string? address = null) => server.With<WebhookRegister, IssuedWebhook>(
        register => register.Add(account.Id, address ?? Address, TestOperations.Actor(), CancellationToken.None));

    private async Task<string> State()
    {
        using var ada = await Browser.SignedIn(server);
        return (await ada.Open(Notices)).Text;
    }

    /// <summary>Posts what is due, also to this machine.</summary>
    private async Task Deliver(bool checksCertificate = false)
    {
        await using var scope = server.Services.CreateAsyncScope();
        using var client = new WebhookClient(
            new(IPAddress.IsLoopback, checksCertificate ? null : (_, shown, _, _) => certificate.Equals(shown)),
            server.Time);
        var due = await scope.ServiceProvider.GetRequiredService<MessageAttempts>()
            .Due(message => message.WebhookId != null, CancellationToken.None);
        foreach (var message in due)
        {
            await ActivatorUtilities.CreateInstance<WebhookDelivery>(scope.ServiceProvider, client)
                .Deliver(message, CancellationToken.None);
        }
    }
}
