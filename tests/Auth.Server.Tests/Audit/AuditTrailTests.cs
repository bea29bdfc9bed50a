using Auth.Server.Accounts;
using Auth.Server.Audit;
using Auth.Server.Operations;
using Auth.Server.Tests.Management;
using Auth.Server.Tests.Pages;
using Auth.Server.Tests.Pages.Security;
using Microsoft.EntityFrameworkCore;
using Shared.Contracts;

namespace Auth.Server.Tests.Audit;

/// <summary>Who did what: one permanent entry for each action, without secrets.</summary>
[Category("Slow")]
[Category("AnyDatabase")]
public sealed class AuditTrailTests
{
    private const string Email = "ada@example.com";

    [TestCase("accounts create --name New", "CreateAccount", "Done")]
    [TestCase("accounts create --name Demo", "CreateAccount", "Refused")]
    [TestCase("accounts update --account ACCOUNT --scim off", "UpdateAccount", "Done")]
    [TestCase("accounts update --account ACCOUNT --domains nonsense", "UpdateAccount", "Refused")]
    [TestCase("accounts list", "ListAccounts", "Done")]
    [TestCase("accounts show --account ACCOUNT", "ShowAccount", "Done")]
    [TestCase("accounts show --account NOBODY", "ShowAccount", "Refused")]
    [TestCase("administrators create --account ACCOUNT --email new@example.com", "CreateAdministrator", "Done")]
    [TestCase("administrators create --account ACCOUNT --email nonsense", "CreateAdministrator", "Refused")]
    [TestCase("administrators invite --account ACCOUNT --email new@example.com", "InviteAdministrator", "Done")]
    [TestCase("administrators invite --account ACCOUNT --email ada@example.com", "InviteAdministrator", "Refused")]
    [TestCase("administrators list --account ACCOUNT", "ListAdministrators", "Done")]
    [TestCase("administrators withdraw --email nobody@example.com", "WithdrawInvitation", "Refused")]
    [TestCase("administrators sign-out --email ada@example.com", "EndSessions", "Done")]
    [TestCase("administrators sign-out --email nobody@example.com", "EndSessions", "Refused")]
    [TestCase("administrators reset-password --email ada@example.com", "ResetPassword", "Done")]
    [TestCase("administrators reset-second-factor --email ada@example.com", "ResetSecondFactors", "Done")]
    [TestCase("administrators update --email ada@example.com --read-only on", "ChangeRole", "Done")]
    [TestCase("administrators update --email ada@example.com --read-only off", "ChangeRole", "Refused")]
    [TestCase("administrators remove --email ada@example.com", "RemoveAdministrator", "Done")]
    [TestCase("operators create --email new@example.com", "InviteAdministrator", "Done")]
    [TestCase("operators create --email nonsense", "InviteAdministrator", "Refused")]
    [TestCase("operators list", "ListAdministrators", "Done")]
    [TestCase("operators sign-out --email nobody@example.com", "EndSessions", "Refused")]
    [TestCase("operators remove --email nobody@example.com", "RemoveAdministrator", "Refused")]
    [TestCase("credentials generate --account ACCOUNT --method direct-jwt", "GenerateCredentials", "Done")]
    [TestCase("credentials generate --account ACCOUNT --method oauth2 --redirect-uri http://evil.example", "GenerateCredentials", "Refused")]
    [TestCase("credentials generate --account NOBODY --method oauth2", "GenerateCredentials", "Refused")]
    [TestCase("credentials show --account ACCOUNT", "ShowCredentials", "Refused")]
    [TestCase("credentials revoke --account ACCOUNT", "RevokeCredentials", "Refused")]
    [TestCase("resource-servers add --jwks missing.json", "AddResourceServer", "Refused")]
    [TestCase("management-clients add --name bot --jwks missing.json", "AddManagementClient", "Refused")]
    [TestCase("management-clients list", "ListManagementClients", "Done")]
    [TestCase("management-clients remove --client nobody", "RemoveManagementClient", "Refused")]
    [TestCase("keys list", "ListKeys", "Done")]
    [TestCase("keys rotate", "RotateKeys", "Refused")]
    [TestCase("keys rotate --compromised nonsense", "WithdrawKey", "Refused")]
    [TestCase("audit list", "ReadAuditLog", "Done")]
    [TestCase("database migrate", "MigrateDatabase", "Done")]
    public async Task A_command_leaves_one_entry(string command, string action, string outcome)
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        await server.CreateAdministrator(account, Email);
        var before = await Entries(server);
        string[] words =
        [
            .. command.Replace("ACCOUNT", $"{account.Id}", StringComparison.Ordinal)
                .Replace("NOBODY", $"{Guid.Empty}", StringComparison.Ordinal).Split(' '),
        ];

        var (exitCode, _, error) = await CommandsTests.Run(server, words);

        var entry = (await Entries(server)).Skip(before.Count).Single();
        Assert.Multiple(() =>
        {
            Assert.That($"{entry.Action}", Is.EqualTo(action));
            Assert.That($"{entry.Outcome}", Is.EqualTo(outcome), error);
            Assert.That(exitCode, Is.EqualTo(entry.Outcome == AuditOutcome.Done ? 0 : 1));
            Assert.That(entry.ActorKind, Is.EqualTo(ActorKind.Operator));
            Assert.That(entry.ActorName, Is.EqualTo("root"));
            Assert.That(entry.Time, Is.EqualTo(server.Time.GetUtcNow().UtcDateTime));
            if (entry.Outcome == AuditOutcome.Refused)
                Assert.That(error.Trim(), Is.EqualTo(entry.Detail));
            if (command.Contains("ACCOUNT", StringComparison.Ordinal)
                || command.Contains(Email, StringComparison.Ordinal))
                Assert.That(entry.AccountId, Is.EqualTo(account.Id));
        });
    }

    [Test]
    public async Task The_changes_of_an_operator_are_recorded()
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        await CommandsTests.Run(
            server, "accounts", "update", "--account", $"{account.Id}", "--scim", "off", "--domains", "acme.example",
            "--licence", "portal=7", "--rate-limit", "none", "--require-second-factor", "on");
        Assert.That((await Entries(server))[^1].Detail, Is.EqualTo(
            "SCIM off; domains acme.example; licence portal=7; rate limit none; second factor required on"));
    }

    [Test]
    public async Task Each_action_in_the_portal_leaves_one_entry_with_address_and_browser()
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        await server.CreateAdministrator(account, Email);
        var known = (await Entries(server)).Count;
        using var browser = Browser.At(server);

        await browser.Submit(await browser.Open("/sign-in"), "Sign in", ("email", Email), ("password", "wrong"));
        await Left(AuditAction.SignIn, AuditOutcome.Refused);
        await browser.Submit(
            await browser.Open("/sign-in"), "Sign in", ("email", "nobody@example.com"), ("password", "x"));
        Assert.That(await Entries(server), Has.Count.EqualTo(known), "an unknown address may be a password");
        await browser.Submit(
            await browser.Open("/sign-in"), "Sign in", ("email", Email), ("password", AuthServer.Password));
        await Left(AuditAction.SignIn);

        var credentials = await browser.Open("/scim-credentials/generate");
        await browser.Submit(credentials, "Generate Credentials", ("Method", CredentialMethods.DirectJwt));
        await Left(AuditAction.GenerateCredentials);
        await browser.Submit(credentials, "Generate Credentials", ("Method", CredentialMethods.DirectJwt));
        Assert.That(await Entries(server), Has.Count.EqualTo(known), "a reload does nothing");
        await browser.Submit(
            credentials, "Generate Credentials", ("Method", CredentialMethods.OAuth2),
            ("ClientCredentialsOnly", "true"));
        await Left(AuditAction.GenerateCredentials, AuditOutcome.Refused);
        var administrators = await browser.Submit(
            await browser.Open("/settings/administrators"), "Invite", ("email", "bob@example.com"));
        Assert.That(administrators.Status, Is.EqualTo(200));
        await Left(AuditAction.InviteAdministrator);
        await browser.Submit(await browser.Open("/"), "Sign out");
        await Left(AuditAction.SignOut);
        using var again = await Browser.SignedIn(server);
        await Left(AuditAction.SignIn);
        await again.SetUpApp(server);
        await Left(AuditAction.AddSecondFactor);
        await again.Submit(await again.Open("/security"), "Sign out everywhere");
        await Left(AuditAction.EndSessions);

        async Task Left(AuditAction action, AuditOutcome outcome = AuditOutcome.Done)
        {
            var entries = await Entries(server);
            Assert.That(entries, Has.Count.EqualTo(++known), $"{action}");
            Assert.That((entries[^1].Action, entries[^1].Outcome), Is.EqualTo((action, outcome)));
            Assert.That(entries[^1].AccountId, Is.EqualTo(account.Id));
            Assert.That((entries[^1].ActorKind, entries[^1].ActorName), Is.EqualTo((ActorKind.Administrator, Email)));
            Assert.That(entries[^1].Address, Is.EqualTo("127.0.0.1"));
        }
    }

    [TestCase("Allow", "AllowClient")]
    [TestCase("Deny", "DenyClient")]
    public async Task Consent_leaves_one_entry(string button, string action)
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        await server.CreateAdministrator(account, Email);
        var client = await server.Generate(account, CredentialMethods.OAuth2, "https://client.example/callback");
        using var browser = await Browser.SignedIn(server);
        var known = (await Entries(server)).Count;

        await browser.Submit(
            await browser.Open($"/connect/authorize?response_type=code&client_id={client.Set.ClientId}"),
            button);

        var entry = (await Entries(server)).Skip(known).Single();
        Assert.That(($"{entry.Action}", entry.About), Is.EqualTo((action, client.Set.ClientId)));
    }

    [Test]
    public async Task No_entry_holds_a_secret()
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        await server.CreateAdministrator(account, Email);
        using var browser = await Browser.SignedIn(server);
        await browser.Submit(await browser.Open("/"), "Sign out");
        using var again = Browser.At(server);
        await again.Submit(await again.Open("/sign-in"), "Sign in", ("email", Email), ("password", "canary-password"));
        var made = await CommandsTests.Json(
            server, "administrators", "create", "--account", $"{account.Id}", "--email", "bob@example.com", "--json");
        var invited = await CommandsTests.Json(
            server, "administrators", "invite", "--account", $"{account.Id}", "--email", "eve@example.com", "--json");
        string[] secrets =
        [
            "canary-password",
            AuthServer.Password,
            made.GetProperty("password").GetString()!,
            invited.GetProperty("link").GetString()!.Split('#')[1],
            (await server.Generate(account)).Token!,
            (await server.Generate(account, CredentialMethods.OAuth2)).ClientSecret!,
        ];

        var written = System.Text.Json.JsonSerializer.Serialize(await Entries(server));

        foreach (var secret in secrets)
            Assert.That(written, Does.Not.Contain(secret));
        Assert.That(written, Does.Contain("bob@example.com").And.Contain("eve@example.com"));
    }

    [Test]
    public async Task An_entry_and_its_change_are_one_transaction()
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        var before = (await Entries(server)).Count;

        // A change that fails after its entry was written, as if the server had been killed.
        var failed = server.With<Operation, Completed<bool>>(operation => operation.Run<bool>(
            Actor.Server, AuditAction.UpdateAccount, account.Id, _ => throw new IOException("gone"),
            CancellationToken.None));

        Assert.That(async () => await failed, Throws.TypeOf<IOException>());
        Assert.That(await Entries(server), Has.Count.EqualTo(before));
    }

    [Test]
    public async Task A_refusal_saves_nothing_but_its_entry()
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        var refused = server.With<AccountRegister, Account>(accounts => accounts.Update(
            account.Id, new(ScimEnabled: false, Domains: ["nonsense"]), CancellationToken.None));
        Assert.That(async () => await refused, Throws.TypeOf<ProblemException>());
        Assert.That((await server.WithDatabase(db => db.Accounts.SingleAsync())).ScimEnabled);
        Assert.That((await Entries(server))[^1].Outcome, Is.EqualTo(AuditOutcome.Refused));
    }

    [Test]
    public async Task A_withdrawn_key_is_recorded_for_the_accounts_whose_credentials_it_ended()
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        var issued = await server.Generate(account);
        var known = (await Entries(server)).Count;

        await CommandsTests.Run(server, "keys", "rotate", "--compromised", issued.Set.KeyId!);

        var left = (await Entries(server)).Skip(known).Select(entry => (entry.Action, entry.AccountId)).ToList();
        Assert.That(left, Is.EqualTo(new (AuditAction, Guid?)[]
        {
            (AuditAction.WithdrawKey, null), (AuditAction.EndCredentials, account.Id),
        }));
    }

    [Test]
    public async Task The_portal_shows_an_account_its_own_entries_and_does_not_name_SciLeads_staff()
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        await server.CreateAdministrator(account, Email);
        await server.CreateAdministrator(await server.CreateAccount("Other"), "other@example.com");
        await CommandsTests.Run(server, "accounts", "update", "--account", $"{account.Id}", "--licence", "portal=123");
        using var browser = await Browser.SignedIn(server);

        var page = await browser.Open("/settings/audit-log");
        var csv = await browser.Open("/settings/audit-log?handler=Csv");

        var rows = page.Document.QuerySelectorAll("tbody tr").Select(Page.TextOf).ToList();
        Assert.That(rows[0], Does.StartWith($"{Email} signed in.").And.Contain("127.0.0.1"));
        Assert.That(rows[1], Does.StartWith(
            "An operator on the command line changed the settings of the account. licence portal=123 Done"));
        foreach (var text in new[] { page.Text, csv.Html })
            Assert.That(text, Does.Not.Contain("root").And.Not.Contain("other@example.com"));
        Assert.That(csv.Html, Does.Contain("time,what,action,outcome,by,about,detail,address,userAgent,id"));
        Assert.That(csv.Html.Trim().Split("\r\n"), Has.Length.EqualTo(rows.Count + 1));
    }

    [Test]
    public async Task An_operator_lists_the_entries_of_an_account_since_a_time()
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        server.Time.Advance(TimeSpan.FromDays(2));
        await CommandsTests.Run(server, "accounts", "show", "--account", $"{account.Id}");
        await server.CreateAccount("Other");
        var since = server.Time.GetUtcNow().AddDays(-1);

        var listed = (await CommandsTests.Json(
            server, "audit", "list", "--account", $"{account.Id}", "--since", $"{since:yyyy-MM-ddTHH:mm:ss}", "--json"))
            .EnumerateArray().Single();

        Assert.That(listed.GetProperty("action").GetString(), Is.EqualTo("ShowAccount"));
        Assert.That(listed.GetProperty("who").GetString(), Is.EqualTo("operator root"));
        Assert.That(
            (await CommandsTests.Run(server, "audit", "list", "--since", "yesterday")).Error,
            Does.Contain("is not a valid time"));
    }

    private static Task<List<AuditEntry>> Entries(AuthServer server) =>
        server.WithDatabase(db => db.AuditEntries.AsNoTracking().OrderBy(entry => entry.Id).ToListAsync());
}
