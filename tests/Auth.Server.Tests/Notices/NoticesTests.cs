using System.Text.Json;
using Auth.Server.Accounts;
using Auth.Server.Credentials;
using Auth.Server.Issuance;
using Auth.Server.Tests.Messages;
using Microsoft.EntityFrameworkCore;
using Shared.Contracts;
using WireMock.RequestBuilders;
using WireMock.ResponseBuilders;
using WireMock.Server;

namespace Auth.Server.Tests.Notices;

/// <summary>What administrators are told about the use of their credentials and seats, each time once.</summary>
[Category("Slow")]
public sealed class NoticesTests
{
    private TestMailServer mail = null!;
    private WireMockServer scim = null!;
    private AuthServer server = null!;
    private Account account = null!;

    [SetUp]
    public async Task Start()
    {
        mail = new();
        scim = WireMockServer.Start();
        server = await AuthServer.Start([.. mail.Settings, $"--Auth:ScimApiUrl={scim.Url}"]);
        account = await server.CreateAccount("Acme", new AccountChange(
            ScimEnabled: true, Licences: new Dictionary<string, int> { ["portal"] = 10 }));
        await server.CreateAdministrator(account);
    }

    [TearDown]
    public async Task Stop()
    {
        await server.DisposeAsync();
        scim.Dispose();
        await mail.DisposeAsync();
    }

    [Test]
    public async Task Staged_credentials_that_nobody_uses()
    {
        await Stage(Activation.FirstUse, TimeSpan.FromDays(6));
        await Pass(TimeSpan.FromDays(3) - TimeSpan.FromMinutes(1));
        Assert.That(mail.Received, Is.Empty);

        await Pass(TimeSpan.FromMinutes(1));
        await Pass(TimeSpan.FromDays(1));

        Assert.That(mail.Received.Single().Subject, Is.EqualTo("New SCIM credentials of Acme are waiting"));
        Assert.That(
            mail.Received[0].TextBody,
            Does.Contain("a test generated new SCIM credentials that end in")
                .And.Contain("enter them at your identity provider: they take effect when it first uses them"));

        await Pass(TimeSpan.FromDays(3));
        await Stage(Activation.Manual, TimeSpan.FromDays(6));
        await Pass(TimeSpan.FromDays(3));
        Assert.That(mail.Received[1].TextBody, Does.Contain("Before then, activate them."));
        Assert.That(mail.Received, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task Ended_credentials_that_are_still_in_use()
    {
        var set = (await server.Generate(account)).Set;
        await server.Generate(account);
        server.Time.Advance(TimeSpan.FromHours(1));
        await Refuse(set);
        await Pass(TimeSpan.Zero);
        Assert.That(mail.Received, Is.Empty, "somebody may still be entering the new ones");

        server.Time.Advance(TimeSpan.FromMinutes(1));
        await Refuse(set);
        await Pass(TimeSpan.Zero);
        await Refuse(set);
        await Pass(TimeSpan.FromHours(1));

        Assert.That(mail.Received.Single().Subject, Is.EqualTo("Ended SCIM credentials of Acme are still in use"));
        Assert.That(
            mail.Received[0].TextBody,
            Does.Contain($"that end in {set.LastFour} ended on").And.Contain(" from 203.0.113.7.")
                .And.Contain("Enter the current credentials in your identity provider"));
    }

    [TestCase("Okta SCIM Client 1.0.0", "Okta has not called SciLeads for 30 days", 30)]
    [TestCase("Microsoft Entra ID", "Microsoft Entra ID has not called SciLeads for a day", 1)]
    public async Task A_provider_that_is_unusually_silent(string userAgent, string subject, int days)
    {
        var set = (await server.Generate(account)).Set;
        await Pass(TimeSpan.FromDays(60));
        Assert.That(mail.Received, Is.Empty, "it was never connected");
        await Use(set, userAgent);
        await Pass(TimeSpan.FromDays(days) - TimeSpan.FromMinutes(1));
        Assert.That(mail.Received, Is.Empty);

        await Pass(TimeSpan.FromMinutes(1));
        await Pass(TimeSpan.FromDays(60));
        Assert.That(mail.Received.Select(message => message.Subject), Is.EqualTo(new[] { subject }));

        await Use(set, userAgent);
        await Pass(TimeSpan.FromDays(days));
        Assert.That(mail.Received.Select(message => message.Subject), Is.EqualTo(new[] { subject, subject }));
    }

    [Test]
    public async Task An_account_without_a_free_seat()
    {
        var set = (await server.Generate(account)).Set;
        Count(9);
        await Use(set, "Okta");
        await Pass(TimeSpan.Zero);
        Assert.That(mail.Received, Is.Empty);
        Count(10);
        await Pass(TimeSpan.FromMinutes(10));
        await Pass(TimeSpan.FromMinutes(5));
        Assert.That(mail.Received.Single().Subject, Is.EqualTo("No seat of portal is left for Acme"));
        Assert.That(
            mail.Received[0].TextBody,
            Does.Contain("All 10 seats of portal are taken.")
                .And.Contain("http://localhost:5001/settings/user-management"));

        await server.With<AccountRegister, Account>(accounts => accounts.Update(
            account.Id, new(Licences: new Dictionary<string, int> { ["portal"] = 12 }), CancellationToken.None));
        Count(12);
        await Use(set, "Okta");
        await Pass(TimeSpan.Zero);
        await Pass(TimeSpan.FromMinutes(1));
        Assert.That(mail.Received, Has.Count.EqualTo(2));
        Assert.That(mail.Received[1].TextBody, Does.Contain("All 12 seats"));
    }

    [Test]
    public async Task Without_Scim_Api_the_other_notices_are_sent()
    {
        scim.Stop();
        var set = (await server.Generate(account)).Set;
        server.Time.Advance(TimeSpan.FromDays(364.5));
        await Use(set, "Okta");
        await Pass(TimeSpan.Zero);
        Assert.That(mail.Received.Single().Subject, Does.Contain("expire within a day"));
    }

    private async Task Pass(TimeSpan time)
    {
        server.Time.Advance(time);
        await ExpiryNoticesTests.Write(server);
        await MailDeliveryTests.Deliver(server);
    }

    private Task<IssuedCredentials> Stage(Activation activation, TimeSpan within) =>
        server.With<CredentialIssuer, IssuedCredentials>(issuer => issuer.Generate(
            new(
                account.Id, null, CredentialMethods.DirectJwt, TestOperations.Actor(),
                Staging: new(activation, within)),
            CancellationToken.None));

    private Task<int> Use(CredentialSet set, string userAgent) => Set(
        change => change.SetProperty(one => one.LastUse!.At, Now).SetProperty(one => one.LastUse!.UserAgent, userAgent),
        set);

    private Task<int> Refuse(CredentialSet set) => Set(
        change => change.SetProperty(one => one.LastRefusal!.At, Now)
            .SetProperty(one => one.LastRefusal!.Address, "203.0.113.7"),
        set);

    private Task<int> Set(
        Action<Microsoft.EntityFrameworkCore.Query.UpdateSettersBuilder<CredentialSet>> change, CredentialSet set) =>
        server.WithDatabase(db => db.CredentialSets.Where(one => one.Id == set.Id).ExecuteUpdateAsync(change));

    private DateTime Now => server.Time.GetUtcNow().UtcDateTime;

    private void Count(int used)
    {
        SeatsInUse[] counted = [new() { Account = account.Id, Product = "portal", Used = used }];
        scim.Given(Request.Create().WithPath("/portal/seats-in-use").UsingGet())
            .RespondWith(Response.Create().WithHeader("Content-Type", "application/json")
                .WithBody(JsonSerializer.Serialize(counted)));
    }
}
