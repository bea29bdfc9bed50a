using System.Text.Json.Nodes;
using Auth.Server.Accounts;
using Auth.Server.Audit;
using Auth.Server.Tests.Connect;
using Auth.Server.Tests.Pages;
using Microsoft.EntityFrameworkCore;
using Shared.Contracts;
using WireMock;
using WireMock.RequestBuilders;
using WireMock.ResponseBuilders;
using WireMock.Server;
using WireMock.Util;

namespace Auth.Server.Tests.Provisioning;

/// <summary>The page that tests the connection, with a Scim.Api that knows one user.</summary>
[Category("AnyDatabase")]
[Category("Slow")]
public sealed class ConnectionTestsTests
{
    private const string Page = "/scim-credentials/test";
    private const string NoSeat =
        """{"status":"403","detail":"No seat of the product portal is left: all 1 are taken."}""";

    private AuthServer server = null!;
    private WireMockServer scim = null!;
    private Account account = null!;
    private JsonObject? user;

    /// <summary>Replaces the response to a request; null if it is answered as usual.</summary>
    private Func<IRequestMessage, (int Status, string Body)?> fault = _ => null;

    [SetUp]
    public async Task Start()
    {
        (user, fault) = (null, _ => null);
        scim = WireMockServer.Start();
        scim.Given(Request.Create()).RespondWith(Response.Create().WithCallback(Respond));
        server = await AuthServer.Start($"--Auth:ScimApiUrl={scim.Url}");
        account = await server.CreateAccount(settings: new AccountChange(
            ScimEnabled: true, Domains: ["customer.example"]));
        await server.CreateAdministrator(account);
    }

    [TearDown]
    public async Task Stop()
    {
        await server.DisposeAsync();
        scim.Dispose();
    }

    [Test]
    public async Task Every_step_passes_and_nothing_counts_as_a_use()
    {
        await server.Generate(account);
        using var introspection = await ResourceServer.Register(server);
        using var browser = await Browser.SignedIn(server);

        var page = await browser.Submit(await browser.Open(Page), "Test connection");

        Assert.That(page.Status, Is.EqualTo(200));
        Assert.That(page.Text, Does.Contain("SciLeads is ready for your identity provider: every step passed."));
        Assert.That(page.Document.QuerySelectorAll(".checks li.fine b").Select(Pages.Page.TextOf), Is.EqualTo(new[]
        {
            "Test API Credentials (Okta)", "Test Connection (Microsoft Entra ID)", "Assign: look for the user",
            "Assign: Create Users", "Update User Attributes: read the user", "Update User Attributes",
            "Deactivate Users", "Import users", "Clean up",
        }));
        Assert.That(user, Is.Null, "The temporary user is deleted.");
        var requests = scim.LogEntries.Select(entry => entry.RequestMessage!).ToList();
        Assert.That(requests.Single(request => request.Method == "POST").Body, Does.Contain("@customer.example"));
        var token = requests[0].Headers!["Authorization"][0]["Bearer ".Length..];
        Assert.That(page.Html, Does.Not.Contain(token));

        var set = (await server.FindActive(account))!;
        var introspected = await introspection.Introspect(token);
        await server.WriteUses();
        Assert.That(introspected.CredentialSet!.Id, Is.EqualTo(set.Id));
        Assert.That(introspected.Scope!.Split(' '), Is.EquivalentTo(new[] { Scopes.Scim, Scopes.ConnectionTest }));
        Assert.That((await server.FindActive(account))!.FirstUsedAt, Is.Null);
        var entry = await server.WithDatabase(db => db.AuditEntries.OrderBy(entry => entry.Id).LastAsync());
        Assert.That((entry.Action, entry.Outcome), Is.EqualTo((AuditAction.TestConnection, AuditOutcome.Done)));

        // Then the set ends: a refused request of a test is not one with an old secret.
        await server.Generate(account);
        Assert.That((await introspection.Introspect(token)).Active, Is.False);
        await server.WriteUses();
        Assert.That(
            await server.WithDatabase(db => db.Set<Auth.Server.Credentials.CredentialSet>()
                .CountAsync(one => one.LastRefusal != null)),
            Is.Zero);
    }

    [Test]
    public async Task Without_a_seat_the_rest_is_tested()
    {
        await server.Generate(account);
        fault = request => request.Method == "POST" && request.Body!.Contains("\"active\":true") ? (403, NoSeat) : null;
        using var browser = await Browser.SignedIn(server);

        var page = await browser.Submit(await browser.Open(Page), "Test connection");

        var wrong = page.Document.QuerySelectorAll(".checks li.wrong").Single();
        Assert.That(Pages.Page.TextOf(wrong), Does.StartWith(
            "Failed: Assign: Create Users License limits: check if your SciLeads account has available user licenses. "
            + "No seat of the product portal is left: all 1 are taken."));
        Assert.That(page.Document.QuerySelectorAll(".checks li.fine"), Has.Length.EqualTo(9));
        Assert.That(user, Is.Null);
    }

    [TestCase(401, "The token is no longer active.", "Unauthorized: regenerate API credentials.")]
    [TestCase(403, "SCIM is not enabled for Demo.",
        "SCIM not enabled: contact SciLeads support to enable SCIM for your account.")]
    public async Task Refused_credentials_end_the_test(int status, string detail, string verdict)
    {
        await server.Generate(account);
        fault = _ => (status, $$"""{"status":"{{status}}","detail":"{{detail}}"}""");
        using var browser = await Browser.SignedIn(server);

        var page = await browser.Submit(await browser.Open(Page), "Test connection");

        Assert.That(page.Text, Does.Contain("Not every step passed.").And.Contain($"{verdict} {detail}"));
        Assert.That(scim.LogEntries, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task The_user_is_deleted_even_if_the_response_with_its_id_is_lost()
    {
        await server.Generate(account);
        fault = request =>
        {
            if (request.Method != "POST")
                return null;
            Respond(JsonNode.Parse(request.Body!)!.AsObject());
            return (500, "lost");
        };
        using var browser = await Browser.SignedIn(server);

        var page = await browser.Submit(await browser.Open(Page), "Test connection");

        Assert.That(page.Text, Does.Contain("Failed: Assign: Create Users").And.Contain("Passed: Clean up"));
        Assert.That(user, Is.Null);
    }

    [Test]
    public async Task It_needs_credentials_and_runs_once_at_a_time()
    {
        using var browser = await Browser.SignedIn(server);
        var none = await browser.Open(Page);
        Assert.That(none.Text, Does.Contain("There are no active credentials to test."));
        await server.Generate(account);
        var form = await browser.Open(Page);
        await server.WithDatabase(db =>
        {
            db.Add(new PendingAction
            {
                Time = server.Time.GetUtcNow().UtcDateTime.AddSeconds(-30),
                AccountId = account.Id,
                ActorKind = ActorKind.Administrator,
                ActorName = "grace@example.com",
                Action = AuditAction.TestConnection,
                About = "x",
            });
            return db.SaveChangesAsync();
        });

        var second = await browser.Submit(form, "Test connection");

        Assert.That(second.Status, Is.EqualTo(409));
        Assert.That(second.Text, Does.Contain("A connection test of this account is in progress."));
        Assert.That(scim.LogEntries, Is.Empty);

        scim.Stop();
        await server.WithDatabase(db => db.Set<PendingAction>().ExecuteDeleteAsync());
        var unreachable = await browser.Submit(form, "Test connection");
        Assert.That(unreachable.Text, Does.Contain("Network issues: the server that provisions people did not respond"));
    }

    private ResponseMessage Respond(IRequestMessage request)
    {
        var (status, body) = fault(request) ?? request.Method switch
        {
            "POST" => (201, Respond(JsonNode.Parse(request.Body!)!.AsObject())),
            "PUT" => (200, Respond(JsonNode.Parse(request.Body!)!.AsObject())),
            "PATCH" => (200, Deactivate()),
            "DELETE" => (204, Delete()),
            _ when request.Path.EndsWith("/1", StringComparison.Ordinal) => (200, user!.ToJsonString()),
            _ => (200, List()),
        };
        return new()
        {
            StatusCode = status,
            BodyData = new BodyData { BodyAsString = body, DetectedBodyType = WireMock.Types.BodyType.String },
        };
    }

    private string Respond(JsonObject wanted)
    {
        user = wanted;
        user["id"] = "1";
        return user.ToJsonString();
    }

    private string Deactivate()
    {
        user!["active"] = false;
        return user.ToJsonString();
    }

    private string Delete()
    {
        user = null;
        return "";
    }

    private string List() => new JsonObject
    {
        ["totalResults"] = user is null ? 0 : 1,
        ["Resources"] = user is null ? new JsonArray() : new JsonArray(user.DeepClone()),
    }.ToJsonString();
}
