using System.Text.Json;
using Auth.Server.Accounts;
using Auth.Server.Audit;
using Auth.Server.Tests.Connect;
using Auth.Server.Tests.Management;
using Auth.Server.Tests.Pages;
using Microsoft.EntityFrameworkCore;
using Shared.Contracts;
using WireMock.RequestBuilders;
using WireMock.ResponseBuilders;
using WireMock.Server;

namespace Auth.Server.Tests.Provisioning;

/// <summary>The explanation in the portal, through the management API and as a command.</summary>
[Category("AnyDatabase")]
[Category("Slow")]
public sealed class DiagnosesTests
{
    private const string Page = "/settings/user-management/why";

    private AuthServer server = null!;
    private WireMockServer scim = null!;
    private Account account = null!;

    [SetUp]
    public async Task Start()
    {
        scim = WireMockServer.Start();
        server = await AuthServer.Start($"--Auth:ScimApiUrl={scim.Url}");
        account = await server.CreateAccount(settings: new AccountChange(
            ScimEnabled: true, Licences: new Dictionary<string, int> { ["portal"] = 10 }));
        await server.CreateAdministrator(account);
        await server.Generate(account);
        await server.WithDatabase(db => db.Set<Auth.Server.Credentials.CredentialSet>().ExecuteUpdateAsync(change => change
            .SetProperty(one => one.LastUse!.At, server.Time.GetUtcNow().UtcDateTime)
            .SetProperty(one => one.LastUse!.UserAgent, "Okta SCIM Client 1.0.0")));
    }

    [TearDown]
    public async Task Stop()
    {
        await server.DisposeAsync();
        scim.Dispose();
    }

    [Test]
    public async Task The_page_shows_ticks_and_crosses_and_one_thing_to_do()
    {
        Answer(new() { Seats = [new() { Product = "portal", Seats = 10, Used = 10 }] });
        using var browser = await Browser.SignedIn(server);

        var empty = await browser.Open(Page);
        Assert.That(empty.Document.QuerySelector(".checks"), Is.Null);
        var page = await browser.Submit(empty, "Find out why", ("email", " jane+1@example.com "));

        Assert.That(page.Status, Is.EqualTo(200));
        Assert.That(page.Text, Does.Contain(
            "Why jane+1@example.com isn’t provisioned No seat of portal is left: 10 of 10 are taken. What to do: "
            + "Deactivate somebody who does not need one, or ask support@scileads.com for more seats. User Management"));
        Assert.That(
            page.Document.QuerySelectorAll(".notice a").Single().GetAttribute("href"),
            Is.EqualTo("/settings/user-management#seats"));
        var checks = page.Document.QuerySelectorAll(".checks li").Select(Pages.Page.TextOf).ToList();
        Assert.That(checks.FindIndex(check => check.StartsWith("Not fine:", StringComparison.Ordinal)), Is.EqualTo(7));
        Assert.That(checks[..7], Has.All.StartsWith("Fine:"));
        Assert.That(scim.LogEntries.Single().RequestMessage!.Url, Does.EndWith("?address=jane%2B1%40example.com"));
        Assert.That((await browser.Open($"{Page}?email={new string('x', 300)}")).Status, Is.EqualTo(400));
    }

    [Test]
    public async Task A_call_counts_before_the_use_of_the_credentials_is_saved()
    {
        var set = await server.FindActive(account);
        await server.WithDatabase(db => db.Set<Auth.Server.Credentials.CredentialSet>().ExecuteUpdateAsync(change => change
            .SetProperty(one => one.LastUse!.At, (DateTime?)null)
            .SetProperty(one => one.LastUse!.UserAgent, (string?)null)));
        var called = server.Time.GetUtcNow().UtcDateTime.AddSeconds(-2);
        using var browser = await Browser.SignedIn(server);
        Answer(new() { Seats = [], LastCall = Call(set!.Id, called) });

        var page = await browser.Open($"{Page}?email=jane@example.com");

        Assert.That(page.Text, Does.Contain("has never asked for jane@example.com. Its last call was at ")
            .And.Not.Contain("never called"));
    }

    [Test]
    public async Task Without_Scim_Api_the_page_explains_what_it_can()
    {
        scim.Stop();
        using var browser = await Browser.SignedIn(server);
        var page = await browser.Open($"{Page}?email=jane@example.com");
        Assert.That(page.Status, Is.EqualTo(200));
        Assert.That(page.Text, Does.Contain("The list of people cannot be reached right now.")
            .And.Contain("Not known:").And.Contain("Fine: SCIM is enabled"));
    }

    [Test]
    public async Task The_management_API_explains_it()
    {
        Answer(new() { User = Jane(), Seats = [] });
        using var caller = await ManagementCaller.Register(server, account, readOnly: true);
        var path = $"/management/accounts/{account.Id}/provisioning-check";

        using var answer = await caller.Get($"{path}?email=jane@example.com");
        var json = await answer.Json();

        Assert.That((int)answer.StatusCode, Is.EqualTo(200));
        Assert.That(json.GetProperty("provisioned").GetBoolean());
        Assert.That(json.GetProperty("cause").GetString(), Is.EqualTo("none"));
        Assert.That(
            json.GetProperty("explanation").GetString(), Is.EqualTo("jane@example.com is provisioned and active."));
        Assert.That(json.GetProperty("checks").GetArrayLength(), Is.EqualTo(1));
        using var without = await caller.Get(path);
        using var empty = await caller.Get($"{path}?email=+");
        using var other = await caller.Get(
            $"/management/accounts/{(await server.CreateAccount("Other")).Id}/provisioning-check?email=jane@example.com");
        Assert.That(
            new[] { without, empty, other }.Select(refused => (int)refused.StatusCode),
            Is.EqualTo(new[] { 400, 400, 404 }));
    }

    [Test]
    public async Task The_command_explains_it_and_is_audited()
    {
        Answer(new() { Seats = [] });
        var printed = await CommandsTests.Json(
            server, "provisioning", "check", "--account", $"{account.Id}", "--email", "jane@example.com", "--json");
        Assert.That(printed.GetProperty("cause").GetString(), Is.EqualTo("neverRequested"));
        Assert.That(
            printed.GetProperty("link").GetString(),
            Is.EqualTo($"{AuthServer.PublicUrl}settings/provisioning-log?search=jane%40example.com"));
        Assert.That(printed.GetProperty("checks")[0].GetString(), Is.EqualTo("ok: SCIM is enabled for this account."));
        Assert.That(
            await server.WithDatabase(db => db.Set<AuditEntry>().OrderBy(entry => entry.Id).Select(entry => entry.Action)
                .LastAsync()),
            Is.EqualTo(AuditAction.CheckProvisioning));
    }

    [Test]
    public async Task The_token_for_a_lookup_names_the_account_and_grants_nothing_else()
    {
        Answer(new() { Seats = [] });
        using var introspection = await ResourceServer.Register(server);
        using var browser = await Browser.SignedIn(server);
        await browser.Open($"{Page}?email=jane@example.com");

        var header = scim.LogEntries.Single().RequestMessage!.Headers!["Authorization"][0];
        var token = await introspection.Introspect(header["Bearer ".Length..]);

        Assert.That((token.Active, token.Account!.Id), Is.EqualTo((true, account.Id)));
        Assert.That(token.Scope, Is.EqualTo(Scopes.ReadPeople));
        Assert.That((token.CredentialSet, token.Act!.Email, token.Act.Subject), Is.EqualTo(
            ((TokenIntrospection.CredentialSetReference?)null, (string?)null, "diagnosis")));
        Assert.That(token.ExpiresIn, Is.LessThanOrEqualTo(60));
    }

    private void Answer(PortalLookup lookup) => scim
        .Given(Request.Create().WithPath("/portal/lookup").UsingGet())
        .RespondWith(Response.Create().WithHeader("Content-Type", "application/json")
            .WithBody(JsonSerializer.Serialize(lookup)));

    private static PortalEvent Call(Guid set, DateTime at) => new()
    {
        Id = Guid.CreateVersion7(at),
        Time = at,
        CredentialSet = set,
        Operation = ProvisioningOperations.Create,
        Outcome = ProvisioningOutcomes.Created,
        Status = 201,
        Changed = [],
        Habits = [],
    };

    private static PortalUser Jane() => new()
    {
        Id = Guid.CreateVersion7(),
        Email = "jane@example.com",
        Active = true,
        Licences = [],
        Source = UserSources.Scim,
    };
}
