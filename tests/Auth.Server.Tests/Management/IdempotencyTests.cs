using System.Net;
using System.Text.Json;
using Auth.Server.Accounts;
using Auth.Server.Credentials;
using Auth.Server.Events;
using Auth.Server.Management;
using Auth.Server.Tests.Connect;
using Auth.Server.Tests.Events;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Tests.Management;

/// <summary>A request with an <c>Idempotency-Key</c> is carried out once, however often it is sent.</summary>
[Category("Slow")]
public sealed class IdempotencyTests
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
        caller = await ManagementCaller.Register(server);
        sets = ManagementCaller.SetsOf(account);
    }

    [TearDown]
    public async Task Stop()
    {
        caller.Dispose();
        await server.DisposeAsync();
    }

    [TestCase("direct_jwt", "token")]
    [TestCase("oauth2", "clientSecret")]
    public async Task A_retry_has_the_same_outcome_and_for_ten_minutes_the_same_secret(string method, string secret)
    {
        var first = await caller.Do(sets, new { method }, "key");
        server.Time.Advance(RepeatableRequests.SecretMemory - TimeSpan.FromSeconds(1));
        using var soon = await caller.Post(sets, new { method }, "\"key\"");
        server.Time.Advance(TimeSpan.FromSeconds(1));
        using var late = await caller.Post(sets, new { method }, "key");

        Assert.That((soon.StatusCode, late.StatusCode), Is.EqualTo((HttpStatusCode.Created, HttpStatusCode.Created)));
        Assert.That(soon.Headers.GetValues("Idempotency-Replayed"), Is.EqualTo(new[] { "true" }));
        Assert.That(SecretOf(await soon.Json(), secret), Is.EqualTo(SecretOf(first, secret)).And.Not.Null);
        Assert.That(SecretOf(await late.Json(), secret), Is.Null);
        Assert.That((await late.Json()).GetProperty("issued").GetProperty("secretWithheld").GetBoolean());
        foreach (var answer in new[] { soon, late })
            Assert.That(IdOf(await answer.Json()), Is.EqualTo(IdOf(first)));
        Assert.That(await server.WithDatabase(db => db.CredentialSets.CountAsync()), Is.EqualTo(1));
    }

    [Test]
    public async Task Another_request_with_the_same_key_is_refused()
    {
        await caller.Do(sets, new { method = "direct_jwt" }, "key");
        using var refused = await caller.Post(sets, new { method = "oauth2" }, "key");
        Assert.That((int)refused.StatusCode, Is.EqualTo(422));
        Assert.That((await refused.Json()).GetProperty("type").GetString(), Does.EndWith(":key-was-used"));
    }

    [Test]
    public async Task The_same_request_and_key_of_another_caller_is_a_different_request()
    {
        await caller.Do(sets, new { method = "direct_jwt" }, "key");
        using var other = await ManagementCaller.Register(server, name: "another");
        using var refused = await other.Post(sets, new { method = "direct_jwt" }, "key");
        Assert.That(refused.StatusCode, Is.EqualTo(HttpStatusCode.Conflict));
        Assert.That(await refused.Content.ReadAsStringAsync(), Does.Not.Contain("eyJ"));
    }

    [Test]
    public async Task A_refusal_is_not_remembered()
    {
        var staged = await caller.Do(sets, new { method = "oauth2", staging = new { activation = "manual" } });
        var path = ManagementCaller.PathOf(account, staged.GetProperty("credentialSet"));
        await SetScim(false);
        using (var refused = await caller.Post($"{path}/activate", null, "key"))
            Assert.That(refused.StatusCode, Is.EqualTo(HttpStatusCode.Forbidden));
        await SetScim(true);

        var activated = await caller.Do($"{path}/activate", null, "key");

        Assert.That(activated.GetProperty("credentialSet").GetProperty("state").GetString(), Is.EqualTo("active"));
    }

    [Test]
    public async Task A_request_that_is_sent_ten_times_concurrently_is_carried_out_once()
    {
        var answers = await Task.WhenAll(
            Enumerable.Range(0, 10).Select(_ => caller.Do(sets, new { method = "oauth2" }, "key")));
        Assert.That(answers.Select(IdOf).Distinct(), Has.Exactly(1).Items);
        Assert.That(answers.Select(answer => SecretOf(answer, "clientSecret")).Distinct(), Has.Exactly(1).Items);
        Assert.That(await server.WithDatabase(db => db.CredentialSets.CountAsync()), Is.EqualTo(1));
    }

    [Test]
    public async Task A_retry_of_staging_does_not_activate()
    {
        object body = new { method = "oauth2", staging = new { activation = "firstUse" } };
        await caller.Do(sets, body, "key");
        var again = await caller.Do(sets, body, "key");
        Assert.That(again.GetProperty("credentialSet").GetProperty("state").GetString(), Is.EqualTo("staged"));
    }

    [Test]
    public async Task A_retry_after_a_crash_before_the_barrier_waits_for_the_nodes()
    {
        using var scim = await ResourceServer.Register(server);
        using var node = await ScimNode.Start(server, scim);
        await node.Poll();
        await caller.Do(sets, new { method = "direct_jwt" }, "key");
        // As if the server had crashed right after the commit.
        await server.WithDatabase(db => db.CredentialSets.ExecuteUpdateAsync(change => change
            .SetProperty(set => set.ConfirmedAt, (DateTime?)null).SetProperty(set => set.Confirmation, (string?)null)));
        using var stop = new CancellationTokenSource();
        var serving = node.Serve(stop.Token);

        var again = await caller.Do(sets, new { method = "direct_jwt" }, "key");

        await stop.CancelAsync();
        await serving;
        Assert.That(again.GetProperty("confirmation").GetProperty("confirmedNodes").GetInt32(), Is.EqualTo(1));
        Assert.That(again.GetProperty("credentialSet").GetProperty("confirmedAt").GetString(), Is.Not.Null);
        Assert.That((await server.FindActive(account))!.Confirmation, Does.StartWith("Confirmed by 1 of 1 node"));
    }

    [Test]
    public async Task A_retry_of_a_revocation_also_waits_for_the_nodes()
    {
        var set = (await caller.Do(sets, new { method = "direct_jwt" })).GetProperty("credentialSet");
        var revoke = $"{ManagementCaller.PathOf(account, set)}/revoke";
        await caller.Do(revoke, null, "key");
        using var scim = await ResourceServer.Register(server);
        using var node = await ScimNode.Start(server, scim);
        await node.Poll();
        await server.WithDatabase(
            db => db.Nodes.ExecuteUpdateAsync(change => change.SetProperty(n => n.Acknowledged, 0)));

        var again = await caller.Do(revoke, null, "key");

        Assert.That(again.GetProperty("confirmation").GetProperty("unconfirmed").GetArrayLength(), Is.EqualTo(1));
    }

    [Test]
    public async Task Secrets_are_stored_encrypted_for_minutes_and_calls_for_a_day()
    {
        var secret = SecretOf(await caller.Do(sets, new { method = "direct_jwt" }, "key"), "token")!;
        var kept = await Calls();
        server.Time.Advance(RepeatableRequests.SecretMemory + TimeSpan.FromSeconds(1));
        await Forget();
        var withoutSecret = await Calls();
        server.Time.Advance(RememberedCalls.Memory);
        await Forget();

        Assert.That(kept.Single().ProtectedSecret, Is.Not.Empty.And.Not.Contains(secret[^20..]));
        Assert.That(withoutSecret.Single().ProtectedSecret, Is.Null);
        Assert.That(await Calls(), Is.Empty);
    }

    private static string? SecretOf(JsonElement answer, string name) =>
        answer.GetProperty("issued").TryGetProperty(name, out var secret) ? secret.GetString() : null;

    private static Guid IdOf(JsonElement answer) => answer.GetProperty("credentialSet").GetProperty("id").GetGuid();

    private Task<List<RememberedCall>> Calls() =>
        server.WithDatabase(db => db.RememberedCalls.AsNoTracking().ToListAsync());

    private Task<bool> Forget() => server.With<RememberedCalls, bool>(async calls =>
    {
        await calls.Forget(CancellationToken.None);
        return true;
    });

    private Task<Account> SetScim(bool enabled) => server.With<AccountRegister, Account>(accounts => accounts.Update(
        account.Id, new(ScimEnabled: enabled), CancellationToken.None));
}
