using System.Net;
using System.Text.Json;
using Auth.Server.Accounts;
using Auth.Server.Audit;
using Auth.Server.Credentials;
using Auth.Server.Tests.Connect;
using Auth.Server.Tests.Events;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Auth.Server.Tests.Management;

/// <summary>Credential sets through the management API.</summary>
[Category("Slow")]
[Category("AnyDatabase")]
public sealed class CredentialSetsApiTests
{
    private AuthServer server = null!;
    private Account account = null!;
    private ManagementCaller caller = null!;
    private string sets = "";

    [SetUp]
    public async Task Start()
    {
        server = await AuthServer.Start();
        account = await server.CreateAccount();
        caller = await ManagementCaller.Register(server, account);
        sets = ManagementCaller.SetsOf(account);
    }

    [TearDown]
    public async Task Stop()
    {
        caller.Dispose();
        await server.DisposeAsync();
    }

    [Test]
    public async Task A_rotation_is_staged_checked_and_activated_and_cannot_be_repeated()
    {
        var old = (await caller.Do(sets, new { method = "direct_jwt" })).GetProperty("credentialSet");
        var staged = await caller.Do(
            sets,
            new { method = "oauth2", replaces = old.GetProperty("id"), staging = new { activation = "manual", within = 3600 } });
        var path = ManagementCaller.PathOf(account, staged.GetProperty("credentialSet"));
        var secret = staged.GetProperty("issued").GetProperty("clientSecret").GetString();

        Assert.That((await caller.Do($"{path}/check", new { secret })).GetProperty("good").GetBoolean());
        using (var wrong = await caller.Post($"{path}/check", new { secret = secret + "x" }))
            Assert.That(wrong.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That(
            (await server.FindActive(account))!.Id, Is.EqualTo(old.GetProperty("id").GetGuid()), "nothing was used");
        var active = (await caller.Do($"{path}/activate")).GetProperty("credentialSet");

        Assert.That(active.GetProperty("state").GetString(), Is.EqualTo("active"));
        Assert.That(
            active.GetProperty("activatedBy").GetString(),
            Is.EqualTo($"the management client rotation ({caller.ClientId})"));
        using var listed = await caller.Get(sets);
        Assert.That(
            (await listed.Json()).GetProperty("credentialSets").EnumerateArray()
                .Select(set => (set.GetProperty("state").GetString(), set.GetProperty("endReason").GetString())),
            Is.EqualTo(new[] { ("active", null), ("ended", "superseded") }));
        Assert.That(await listed.Content.ReadAsStringAsync(), Does.Not.Contain(secret!));
        using var late = await caller.Post($"{path}/activate", null, "another");
        Assert.That(late.StatusCode, Is.EqualTo(HttpStatusCode.Conflict));
        Assert.That(
            (await late.Json()).GetProperty("detail").GetString(),
            Does.Contain($"the management client rotation ({caller.ClientId}) activated"));
    }

    [Test]
    public async Task The_response_says_which_nodes_have_confirmed_that_a_set_ended()
    {
        using var scim = await ResourceServer.Register(server);
        using var live = await ScimNode.Start(server, scim, "scim-live");
        using var silent = await ScimNode.Start(server, scim, "scim-silent");
        await live.Poll();
        await silent.Poll();
        using var stop = new CancellationTokenSource();
        var serving = live.Serve(stop.Token);
        var set = (await caller.Do(sets, new { method = "direct_jwt" })).GetProperty("credentialSet");

        var ended = await caller.Do($"{ManagementCaller.PathOf(account, set)}/revoke");

        var confirmation = ended.GetProperty("confirmation");
        Assert.That(confirmation.GetProperty("confirmedNodes").GetInt32(), Is.EqualTo(1));
        Assert.That(confirmation.GetProperty("nodes").GetInt32(), Is.EqualTo(2));
        Assert.That(confirmation.GetProperty("unconfirmed")[0].GetString(), Is.EqualTo("scim-silent"));
        Assert.That(confirmation.GetProperty("milliseconds").GetInt32(), Is.GreaterThan(1500));
        Assert.That(ended.GetProperty("credentialSet").GetProperty("endReason").GetString(), Is.EqualTo("revoked"));
        await stop.CancelAsync();
        await serving;
    }

    [Test]
    public async Task Text_that_a_database_cannot_store_is_refused_like_any_invalid_value()
    {
        using var response = await caller.Post(sets, """{"method":"\u0000"}""", "k1");
        Assert.That(
            response.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest), await response.Content.ReadAsStringAsync());
        var refusals = await server.WithDatabase(db => db.AuditEntries
            .Where(entry => entry.Outcome == AuditOutcome.Refused).Select(entry => entry.ActorName).ToListAsync());
        Assert.That(refusals, Has.All.Contains(caller.ClientId));
    }

    [Test]
    public async Task A_use_changes_the_ETag_but_not_the_state_that_If_Match_compares()
    {
        var issued = await caller.Do(sets, new { method = "direct_jwt" });
        var path = ManagementCaller.PathOf(account, issued.GetProperty("credentialSet"));
        using var first = await caller.Get(path);
        using var scim = await ResourceServer.Register(server);
        await scim.Introspect(issued.GetProperty("issued").GetProperty("token").GetString()!);
        await server.Services.GetRequiredService<CredentialUses>().Write(CancellationToken.None);

        using var used = await caller.Get(path, ("If-None-Match", first.Headers.ETag!.ToString()));
        using var again = await caller.Get(path, ("If-None-Match", used.Headers.ETag!.ToString()));
        using var revoked = await caller.Post(
            $"{path}/revoke", null, "k1", ("If-Match", used.Headers.ETag!.ToString()));

        Assert.That(used.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        Assert.That(again.StatusCode, Is.EqualTo(HttpStatusCode.NotModified));
        Assert.That(revoked.StatusCode, Is.EqualTo(HttpStatusCode.OK), await revoked.Content.ReadAsStringAsync());
    }

    [Test]
    public async Task The_ETag_of_a_set_changes_with_its_state()
    {
        var staged = (await caller.Do(sets, new { method = "oauth2", staging = new { activation = "firstUse" } }))
            .GetProperty("credentialSet");
        var path = ManagementCaller.PathOf(account, staged);
        using var first = await caller.Get(path);
        var tag = first.Headers.ETag!.ToString();

        using var again = await caller.Get(path, ("If-None-Match", tag));
        using var refused = await caller.Post($"{path}/activate", null, "k1", ("If-Match", "W/\"active\""));
        using var activated = await caller.Post($"{path}/activate", null, "k2", ("If-Match", tag));
        using var changed = await caller.Get(path, ("If-None-Match", tag));
        using var unreadable = await caller.Post($"{path}/revoke", null, "k4", ("If-Match", "staged"));
        using var late = await caller.Post($"{path}/revoke", null, "k3", ("If-Match", tag));

        Assert.That(tag, Is.EqualTo("W/\"staged\""));
        Assert.That(again.StatusCode, Is.EqualTo(HttpStatusCode.NotModified));
        Assert.That(refused.StatusCode, Is.EqualTo(HttpStatusCode.PreconditionFailed));
        Assert.That(activated.StatusCode, Is.EqualTo(HttpStatusCode.OK), await activated.Content.ReadAsStringAsync());
        Assert.That(activated.Headers.ETag!.ToString(), Is.EqualTo("W/\"active-confirmed\""));
        Assert.That(changed.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        Assert.That(late.StatusCode, Is.EqualTo(HttpStatusCode.PreconditionFailed));
        Assert.That(unreadable.StatusCode, Is.EqualTo(HttpStatusCode.PreconditionFailed));
        Assert.That(await server.FindActive(account), Is.Not.Null);
    }

    [TestCase("""{"method":"direct_jwt","lifetme":60}""", 400, "$.lifetme")]
    [TestCase("""{"method":"direct_jwt","lifetime":"60"}""", 400, "$.lifetime")]
    [TestCase("""{"method":"direct_jwt","lifetime":60}""", 400, "from 5 minutes")]
    [TestCase("""{"method":"direct_jwt","method":"oauth2"}""", 400, "repeated")]
    [TestCase("""{"method":"basic"}""", 400, "not an authentication method")]
    [TestCase("""{"method":null}""", 400, "$.method")]
    [TestCase("""{"method":"oauth2","staging":{"activation":"soon"}}""", 400, "$.staging.activation")]
    [TestCase("""{"method":"oauth2","staging":{"activation":0}}""", 400, "$.staging.activation")]
    [TestCase("""{"method":"oauth2","jwks":{"keys":[]}}""", 400, "no keys")]
    [TestCase("""{"method":"oauth2","redirectUris":["http://evil.example"]}""", 400, "must begin with https")]
    [TestCase("{}", 400, "missing")]
    [TestCase("[]", 400, "at $")]
    [TestCase("null", 400, "not null")]
    [TestCase("{", 400, "not JSON")]
    [TestCase("", 400, "not JSON")]
    [TestCase("""{"method":"oauth2","redirectUris":[null]}""", 400, "redirect URI")]
    [TestCase("""{"method":"oauth2","redirectUris":[""]}""", 400, "redirect URI")]
    [TestCase("""{"method":"oauth2","redirectUris":[7]}""", 400, "$.redirectUris[0]")]
    [TestCase("""{"method":"oauth2","redirectUris":"https://client.example/"}""", 400, "$.redirectUris")]
    [TestCase("""{"method":"oauth2","redirectUris":["https://client.example/\u0000"]}""", 400, "percent-encoded")]
    [TestCase("""{"method":"oauth2","redirectUris":["https://client.example/?iss=x"]}""", 400, "parameter iss")]
    [TestCase("""{"method":"oauth2","oktaApp":""}""", 400, "Okta app name")]
    [TestCase("""{"method":"oauth2","oktaApp":"\u0000"}""", 400, "Okta app name")]
    [TestCase("""{"method":"oauth2","requirePkce":null}""", 400, "$.requirePkce")]
    [TestCase("""{"method":"oauth2","requirePkce":"true"}""", 400, "$.requirePkce")]
    [TestCase("""{"method":"oauth2","jwks":"{}"}""", 400, "not a JWK set")]
    [TestCase("""{"method":"oauth2","jwks":7}""", 400, "not a JWK set")]
    [TestCase("""{"method":"oauth2","jwks":{"\ud800":1}}""", 400, "")]
    [TestCase("""{"method":"oauth2","jwks":{"k\ud800":1,"keys":[]}}""", 400, "")]
    [TestCase("""{"method":"\ud800"}""", 400, "")]
    [TestCase("""{"method":"\udc00\ud800"}""", 400, "")]
    [TestCase("""{"method":"direct_jwt","\ud800":1}""", 400, "")]
    [TestCase("""{"method":"direct_jwt","replaces":""}""", 400, "$.replaces")]
    [TestCase("""{"method":"direct_jwt","replaces":"\ud800"}""", 400, "")]
    [TestCase("""{"method":"direct_jwt","lifetime":-1}""", 400, "from 5 minutes")]
    [TestCase("""{"method":"direct_jwt","lifetime":-2147483648}""", 400, "from 5 minutes")]
    [TestCase("""{"method":"direct_jwt","lifetime":2147483647}""", 400, "to 1095 days")]
    [TestCase("""{"method":"direct_jwt","lifetime":2147483648}""", 400, "$.lifetime")]
    [TestCase("""{"method":"direct_jwt","lifetime":99999999999999999999999}""", 400, "$.lifetime")]
    [TestCase("""{"method":"direct_jwt","lifetime":1e400}""", 400, "$.lifetime")]
    [TestCase("""{"method":"direct_jwt","lifetime":3600.5}""", 400, "$.lifetime")]
    [TestCase("""{"method":"direct_jwt","staging":{}}""", 400, "missing")]
    [TestCase("""{"method":"direct_jwt","staging":[]}""", 400, "$.staging")]
    [TestCase("""{"method":"direct_jwt","staging":{"activation":null}}""", 400, "$.staging.activation")]
    [TestCase("""{"method":"direct_jwt","staging":{"activation":"manual","within":1e400}}""", 400, "$.staging.within")]
    [TestCase("""{"method":"direct_jwt","staging":{"activation":"manual","within":0}}""", 400, "from 5 minutes")]
    [TestCase("""{"method":"direct_jwt"} x""", 400, "not JSON")]
    [TestCase("""{"method":"direct_jwt",}""", 400, "not JSON")]
    [TestCase("deep", 400, "")]
    [TestCase("long", 413, "64 KB")]
    public async Task An_invalid_body_is_refused_with_a_sentence(
        string body, int status, string sentence)
    {
        body = body switch
        {
            "long" => new string(' ', 70_000),
            "deep" => $$"""{"method":"oauth2","jwks":{{new string('[', 20_000)}}{{new string(']', 20_000)}}}""",
            _ => body,
        };

        using var response = await caller.Post(sets, body, "key");

        await RequireProblem(response, status, sentence);
        Assert.That(await server.FindActive(account), Is.Null);
    }

    [Test]
    public async Task Every_error_is_problem_details()
    {
        var set = $"{sets}/{Guid.NewGuid()}";
        await RequireProblem(await caller.Get("management/nothing"), 404, "nothing at /management/nothing");
        await RequireProblem(await caller.Get("management/nothing", ("Accept", "text/html")), 404, "nothing at");
        await RequireProblem(await caller.Get(set), 404, "no credential set");
        await RequireProblem(await caller.Get($"{set}/activate"), 405, "does not support GET");
        await RequireProblem(await caller.Post($"{set}/revoke", null, "k"), 404, "no credential set");
        await RequireProblem(await caller.Post($"{set}/revoke", new { force = true }, "k"), 400, "takes no body");
        await RequireProblem(await caller.Post(sets, new { method = "direct_jwt" }), 400, "Idempotency-Key is missing");
        await RequireProblem(await caller.Post(sets, new { method = "direct_jwt" }, "a b"), 400, "without spaces");
        await RequireProblem(await caller.Post(sets, null, "k"), 415, "application/json");
        foreach (var coding in (string[])["gzip", "br", "deflate", "nonsense", "identity, gzip"])
            await RequireProblem(
                await caller.Post(
                    sets, new { method = "direct_jwt" }, "k", ("Content-Encoding", coding)), 415, "compressed");
        await RequireProblem(
            await caller.Post(
                sets, new { method = "direct_jwt", replaces = Guid.NewGuid() }, "k"), 409, "Nothing was changed");
        await server.With<AccountRegister, Account>(accounts => accounts.Update(
            account.Id, new(ScimEnabled: false), CancellationToken.None));
        await RequireProblem(await caller.Post(sets, new { method = "direct_jwt" }, "k"), 403, "not enabled");
    }

    [Test]
    public async Task The_audit_log_names_the_client_for_what_it_does()
    {
        await caller.Do(sets, new { method = "direct_jwt" });
        using var refused = await caller.Post(sets, new { method = "direct_jwt" }, "another");

        var entries = await server.WithDatabase(db => db.AuditEntries.AsNoTracking()
            .Where(entry => entry.ActorKind == ActorKind.Client).OrderBy(entry => entry.Id).ToListAsync());
        Assert.That(
            entries.Select(entry => (entry.Action, entry.Outcome, entry.ActorName, entry.AccountId, entry.Address)),
            Is.EqualTo(new (AuditAction, AuditOutcome, string, Guid?, string?)[]
            {
                (AuditAction.GenerateCredentials, AuditOutcome.Done, $"rotation ({caller.ClientId})", account.Id, "127.0.0.1"),
                (AuditAction.GenerateCredentials, AuditOutcome.Refused, $"rotation ({caller.ClientId})", account.Id, "127.0.0.1"),
            }));
    }

    private static async Task RequireProblem(HttpResponseMessage response, int status, string sentence)
    {
        using (response)
        {
            var text = await response.Content.ReadAsStringAsync();
            Assert.That((int)response.StatusCode, Is.EqualTo(status), text);
            Assert.That(response.Content.Headers.ContentType?.MediaType, Is.EqualTo("application/problem+json"));
            var problem = JsonDocument.Parse(text).RootElement;
            Assert.That(problem.GetProperty("type").GetString(), Does.StartWith("tag:scileads.com,2026:problem:"));
            Assert.That(problem.GetProperty("title").GetString(), Is.Not.Empty);
            Assert.That(problem.GetProperty("status").GetInt32(), Is.EqualTo(status));
            Assert.That(problem.GetProperty("detail").GetString(), Does.Contain(sentence));
        }
    }
}
