using Auth.Server.Accounts;
using Auth.Server.Credentials;
using Auth.Server.Issuance;
using Auth.Server.Notices;
using Auth.Server.Tests.Messages;
using MimeKit;
using Shared.Contracts;

namespace Auth.Server.Tests.Notices;

/// <summary>Administrators are told before their credentials expire.</summary>
[Category("Slow")]
public sealed class ExpiryNoticesTests
{
    [Test]
    public async Task Administrators_are_told_once_90_60_30_15_7_and_1_days_before()
    {
        await using var mail = new TestMailServer();
        await using var server = await AuthServer.Start(mail.Settings);
        var account = await server.CreateAccount("Acme & Sons");
        await server.CreateAdministrator(account, "ada@example.com");
        await server.CreateAdministrator(account, "bob@example.com");
        await server.CreateAdministrator(account, "reader@example.com", readOnly: true);
        var set = (await Generate(server, account, 365)).Set;
        var subjects = new List<string>();
        var left = 365;
        foreach (var day in new[] { 365, 91, 90, 89, 61, 60, 30, 29, 16, 15, 8, 7, 2, 1 })
        {
            server.Time.Advance(TimeSpan.FromDays(left - day));
            left = day;
            await Task.WhenAll(Enumerable.Range(0, day % 30 == 0 ? 4 : 1).Select(_ => Write(server)));
            await MailDeliveryTests.Deliver(server);
            subjects.AddRange(mail.Received.Skip(2 * subjects.Count).Chunk(2)
                .Select(both => $"{day}: {both.Select(one => one.Subject).Distinct().Single()}"));
        }
        server.Time.Advance(TimeSpan.FromDays(1));
        await Write(server);
        await MailDeliveryTests.Deliver(server);

        Assert.That(subjects, Is.EqualTo(new[] { 90, 60, 30, 15, 7 }
            .Select(day => $"{day}: The SCIM credentials of Acme & Sons expire in {day} days")
            .Append("1: The SCIM credentials of Acme & Sons expire within a day")));
        Assert.That(mail.Received, Has.Count.EqualTo(12));
        Assert.That(
            mail.Received.Take(2).Select(one => $"{one.To}"),
            Is.EquivalentTo(new[] { "ada@example.com", "bob@example.com" }));
        var text = mail.Received[0].TextBody;
        Assert.That(
            text,
            Does.Contain($"The SCIM credentials of Acme & Sons that end in {set.LastFour} expire at ")
                .And.Contain("generate new credentials").And.Contain("http://localhost:5001/scim-credentials")
                .And.Contain("an administrator of Acme & Sons"));
        Assert.That(mail.Received[0].HtmlBody, Does.Contain("Acme &amp; Sons"));
    }

    [Test]
    public async Task Only_what_is_useful_is_sent()
    {
        await using var mail = new TestMailServer();
        await using var server = await AuthServer.Start(mail.Settings);
        await Generate(server, await NewAccount("short"), 20);
        await Generate(server, await NewAccount("late"), 365);
        await Generate(server, await NewAccount("unlimited"), null, CredentialMethods.OAuth2);
        await Generate(server, await NewAccount("replaced"), 20);
        await Generate(server, await server.CreateAccount("nobody"), 365);
        foreach (var change in new[] { new AccountChange(Suspended: true), new AccountChange(ScimEnabled: false) })
        {
            var account = await NewAccount($"{change}");
            await Generate(server, account, 20);
            await server.With<AccountRegister, Account>(
                accounts => accounts.Update(account.Id, change, CancellationToken.None));
        }
        await Write(server);
        await MailDeliveryTests.Deliver(server);
        Assert.That(mail.Received, Is.Empty, "20 days is what was asked for");

        server.Time.Advance(TimeSpan.FromDays(6));
        await Generate(server, await server.With<AccountRegister, Account>(async accounts =>
            (await accounts.List(CancellationToken.None)).Single(account => account.Name == "replaced")), 365);
        await Write(server);
        await MailDeliveryTests.Deliver(server);
        Assert.That(Subjects(mail.Received), Is.EqualTo(new[] { "The SCIM credentials of short expire in 14 days" }));

        // The servers did not run for most of a year.
        server.Time.Advance(TimeSpan.FromDays(354));
        await Write(server);
        await MailDeliveryTests.Deliver(server);
        Assert.That(
            Subjects(mail.Received.Skip(1)),
            Is.EquivalentTo(new[]
            {
                "The SCIM credentials of late expire in 5 days", "The SCIM credentials of replaced expire in 11 days",
            }));

        async Task<Account> NewAccount(string name)
        {
            var account = await server.CreateAccount(name);
            await server.CreateAdministrator(account, $"{Guid.NewGuid()}@example.com");
            return account;
        }
    }

    private static IEnumerable<string?> Subjects(IEnumerable<MimeMessage> messages) =>
        messages.Select(message => message.Subject);

    /// <summary>Writes what is due, as every node does every ten minutes.</summary>
    internal static Task Write(AuthServer server) => server.With<NoticeWriter, bool>(async notices =>
    {
        await notices.WriteDue(CancellationToken.None);
        return true;
    });

    private static async Task<IssuedCredentials> Generate(
        AuthServer server, Account account, int? days, string method = CredentialMethods.DirectJwt)
    {
        var active = (await server.FindActive(account))?.Id;
        return await server.With<CredentialIssuer, IssuedCredentials>(issuer => issuer.Generate(
            new(
                account.Id, active, method, TestOperations.Actor(),
                days is { } lifetime ? TimeSpan.FromDays(lifetime) : null),
            CancellationToken.None));
    }
}
