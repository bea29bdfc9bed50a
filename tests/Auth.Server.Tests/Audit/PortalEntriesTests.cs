using Auth.Server.Accounts;
using Auth.Server.Administrators;
using Auth.Server.Audit;
using Auth.Server.Tests.Administrators;
using Auth.Server.Tests.Connect;
using Auth.Server.Tests.Pages;
using Auth.Server.Tests.Pages.Security;
using Microsoft.EntityFrameworkCore;
using Shared.Contracts;

namespace Auth.Server.Tests.Audit;

/// <summary>The audit entries of each form of the portal, both for success and for refusal.</summary>
[Category("Slow")]
public sealed class PortalEntriesTests
{
    private const string Email = "ada@example.com";
    private AuthServer server = null!;
    private Browser browser = null!;
    private int known;

    [SetUp]
    public async Task SignIn()
    {
        server = await AuthServer.Start();
        await server.CreateAdministrator(await server.CreateAccount(), Email);
        browser = await Browser.SignedIn(server);
        known = (await Entries()).Count;
    }

    [TearDown]
    public async Task Stop()
    {
        browser.Dispose();
        await server.DisposeAsync();
    }

    [Test]
    public async Task Second_factors()
    {
        await Submit("/security/authenticator", "Set up", ("code", "000000"));
        await Left(AuditAction.AddSecondFactor, AuditOutcome.Refused);
        await browser.SetUpApp(server);
        await Left(AuditAction.AddSecondFactor);
        await Submit("/security/recovery-codes", "Create new codes");
        await Left(AuditAction.RenewRecoveryCodes);
        await Submit("/security/passkeys", "Add a passkey", ("name", "My device"), ("answer", "{}"));
        await Left(AuditAction.AddSecondFactor, AuditOutcome.Refused);
        using var device = new SoftwareAuthenticator();
        await browser.AddPasskey(device);
        await Left(AuditAction.AddSecondFactor);
        await Submit("/security/passkeys", "Remove the passkey My device");
        await Left(AuditAction.RemoveSecondFactor);
        await Submit("/security/authenticator", "Remove the authenticator app");
        await Left(AuditAction.RemoveSecondFactor);
    }

    [Test]
    public async Task A_wrong_code_of_the_second_step()
    {
        await browser.SetUpApp(server);
        await Left(AuditAction.AddSecondFactor);
        using var second = Browser.At(server);

        await second.Submit(await second.EnterPassword(), "Continue", ("code", "000000"));

        await Left(AuditAction.SignIn, AuditOutcome.Refused);
    }

    [Test]
    public async Task Passwords_and_confirmations()
    {
        const string next = "another horse, another battery";
        await Submit("/security/confirm", "Confirm", ("password", "wrong"));
        await Left(AuditAction.ConfirmIdentity, AuditOutcome.Refused);
        await Submit("/security/confirm", "Confirm", ("password", AuthServer.Password));
        await Left(AuditAction.ConfirmIdentity);
        await Submit("/security/password", "Change password", ("current", "wrong"), ("new", next));
        await Left(AuditAction.ConfirmIdentity, AuditOutcome.Refused);
        await Submit(
            "/security/password", "Change password", ("current", AuthServer.Password), ("new", "Password1234"));
        await Left(AuditAction.ChangePassword, AuditOutcome.Refused);
        await Submit("/security/password", "Change password", ("current", AuthServer.Password), ("new", next));
        await Left(AuditAction.ChangePassword);
    }

    [Test]
    public async Task Other_sessions()
    {
        foreach (var one in new[] { true, false })
        {
            using var other = await Browser.SignedIn(server);
            await Left(AuditAction.SignIn);
            var page = await browser.Open("/security");
            await browser.Submit(page, one
                ? page.Document.QuerySelectorAll("tbody button").Single().GetAttribute("aria-label")!
                : "End all other sessions");
            await Left(AuditAction.EndSessions);
        }
    }

    [Test]
    public async Task Invitations()
    {
        await Submit("/settings/administrators", "Invite", ("email", Email));
        await Left(AuditAction.InviteAdministrator, AuditOutcome.Refused);
        await Submit("/settings/administrators", "Invite", ("email", "bob@example.com"));
        await Left(AuditAction.InviteAdministrator);
        var page = await browser.Open("/settings/administrators");
        await browser.Submit(page, "Withdraw the invitation of bob@example.com");
        await Left(AuditAction.WithdrawInvitation);
        await browser.Submit(page, "Withdraw the invitation of bob@example.com");
        await Left(AuditAction.WithdrawInvitation, AuditOutcome.Refused);
    }

    [Test]
    public async Task Webhooks()
    {
        await Submit("/settings/notices", "Add webhook", ("address", "http://example.com/"));
        await Left(AuditAction.AddWebhook, AuditOutcome.Refused);
        await Submit("/settings/notices", "Add webhook", ("address", "https://example.com/secret"));
        await Left(AuditAction.AddWebhook);
        var page = await browser.Open("/settings/notices");
        await browser.Submit(page, "Remove the webhook https://example.com/secret");
        await Left(AuditAction.RemoveWebhook);
        await browser.Submit(page, "Remove the webhook https://example.com/secret");
        await Left(AuditAction.RemoveWebhook, AuditOutcome.Refused);
        Assert.That(
            (await Entries()).Select(entry => $"{entry.About} {entry.Detail}"),
            Has.Some.StartsWith("example.com").And.None.Contains("secret"));
    }

    [Test]
    public async Task Accepting_an_invitation()
    {
        var account = await server.WithDatabase(db => db.Accounts.SingleAsync());
        var invited = await server.With((Invitations invitations) => invitations.Invite(
            account.Id, "bob@example.com", Email, CancellationToken.None));
        await Left(AuditAction.InviteAdministrator, by: null);
        var reset = await server.With((Invitations invitations) => invitations.ResetPassword(
            Email, "an operator", CancellationToken.None));
        await Left(AuditAction.ResetPassword, by: null);
        using var anybody = Browser.At(server);

        foreach (var (link, action, by) in new[]
        {
            (invited.Link, AuditAction.AcceptInvitation, "bob@example.com"),
            (reset.Link, AuditAction.ChangePassword, Email),
        })
        {
            var opened = await anybody.Submit(await anybody.Open("/invitation"), "Continue", ("code", link));
            await anybody.Submit(opened, "Set password", ("new", "short"));
            await Left(action, AuditOutcome.Refused, by);
            await anybody.Submit(opened, "Set password", ("new", "another horse, another battery"));
            await Left(action, by: by);
        }
    }

    [Test]
    public async Task People_that_Scim_Api_refuses_to_change()
    {
        await Submit("/settings/user-management", "Add user", ("Email", "bob@example.com"));
        await Left(AuditAction.AddPerson, AuditOutcome.Refused);
        var form = (await browser.Open("/settings/user-management")).Document
            .QuerySelector("input[name=__RequestVerificationToken]")!.GetAttribute("value")!;
        foreach (var (active, action) in new[] { ("true", AuditAction.ReactivatePerson), ("false", AuditAction.DeactivatePerson) })
        {
            await browser.Post(
                $"/settings/user-management/{Guid.NewGuid()}?handler=SetActive",
                ("__RequestVerificationToken", form), ("Reason", "left"), ("active", active));
            await Left(action, AuditOutcome.Refused);
        }
    }

    [Test]
    public async Task Planned_rotations()
    {
        const string page = "/scim-credentials";
        const string generate = "/scim-credentials/generate";
        (string, string)[] staged = [("Method", CredentialMethods.DirectJwt), ("TakesOver", "Manual")];
        await Submit(generate, "Generate Credentials", ("Method", CredentialMethods.DirectJwt));
        await Left(AuditAction.GenerateCredentials);
        var form = await browser.Open(generate);
        var issued = await browser.Submit(form, "Generate Credentials", staged);
        await Left(AuditAction.StageCredentials);
        await browser.Submit(form, "Generate Credentials", [.. staged, ("LifetimeDays", "90")]);
        await Left(AuditAction.StageCredentials, AuditOutcome.Refused);

        form = await browser.Open(page);
        await browser.Submit(form, "Check", ("secret", "wrong"));
        await Left(AuditAction.CheckCredentials);
        await browser.Submit(form, "Check", ("secret", issued.Field("API Token")));
        await Left(AuditAction.CheckCredentials);
        await browser.Submit(form, "Activate now");
        await Left(AuditAction.ActivateCredentials);
        await browser.Submit(form, "Activate now");
        await Left(AuditAction.ActivateCredentials, AuditOutcome.Refused);

        form = await browser.Open((await browser.Open(page)).Document
            .QuerySelector("a[aria-label='Revoke the active credentials']")!.GetAttribute("href")!);
        await browser.Submit(form, "Revoke");
        await Left(AuditAction.RevokeCredentials);
        await browser.Submit(form, "Revoke");
        await Left(AuditAction.RevokeCredentials, AuditOutcome.Refused);
    }

    [Test]
    public async Task Consent_for_the_client_of_another_account()
    {
        var other = await server.Generate(
            await server.CreateAccount("Other"), CredentialMethods.OAuth2, AllowedClient.RedirectUri);
        known = (await Entries()).Count;
        var form = (await browser.Open("/")).Document
            .QuerySelector("input[name=__RequestVerificationToken]")!.GetAttribute("value")!;

        await browser.Post(
            "/connect/authorize", ("__RequestVerificationToken", form), ("client_id", other.Set.ClientId!),
            ("response_type", "code"), ("decision", "allow"));

        await Left(AuditAction.AllowClient, AuditOutcome.Refused);
    }

    private async Task Submit(string path, string button, params (string Name, string Value)[] values) =>
        await browser.Submit(await browser.Open(path), button, values);

    private async Task Left(AuditAction action, AuditOutcome outcome = AuditOutcome.Done, string? by = Email)
    {
        var entries = await Entries();
        Assert.That(entries, Has.Count.EqualTo(++known), $"{action}");
        Assert.That((entries[^1].Action, entries[^1].Outcome), Is.EqualTo((action, outcome)));
        Assert.That(entries[^1].AccountId, Is.Not.Null);
        if (by is not null)
            Assert.That((entries[^1].ActorName, entries[^1].Address), Is.EqualTo((by, "127.0.0.1")));
    }

    private Task<List<AuditEntry>> Entries() =>
        server.WithDatabase(db => db.AuditEntries.AsNoTracking().OrderBy(entry => entry.Id).ToListAsync());
}
