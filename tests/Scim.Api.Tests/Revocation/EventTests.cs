using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.Tokens;
using Scim.Api.Data;
using Scim.Api.Revocation;
using Shared.Contracts;

namespace Scim.Api.Tests.Revocation;

/// <summary>What an event does before it is acknowledged, and which events are not acknowledged.</summary>
[Parallelizable(ParallelScope.All)]
[Category("Slow")]
public sealed class EventTests
{
    [Test]
    public async Task An_event_raises_the_fence_of_an_unknown_account()
    {
        await using var leased = await LeasedServer.Start();
        var account = new TestAccount();
        await leased.Replace(account);
        await leased.Replace(account);
        var fence = await FenceOf(leased, account);
        Assert.That((fence.Generation, fence.CredentialSetId), Is.EqualTo((3, account.SetId)));
    }

    [Test]
    public async Task After_a_revocation_without_successor_only_a_newer_generation_is_admitted()
    {
        await using var leased = await LeasedServer.Start();
        var account = new TestAccount { Generation = 5 };
        var token = leased.TokenOf(account);
        await leased.Events.Send(new() { Account = account.Id, Generation = 6 });

        // Introspection is wrong from here on, as after a restored backup.
        Assert.That(await leased.Get(token), Is.EqualTo(HttpStatusCode.Unauthorized), "5, below the floor");
        account.Generation = 6;
        Assert.That(
            await leased.Get(leased.TokenOf(account)), Is.EqualTo(HttpStatusCode.Unauthorized), "6 is nobody's");
        account.Generation = 7;
        Assert.That(await leased.Get(leased.TokenOf(account)), Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task A_repeated_or_late_event_lowers_nothing()
    {
        await using var leased = await LeasedServer.Start();
        var account = new TestAccount { Generation = 5 };
        await leased.Replace(account);
        await leased.Events.Send(new() { Account = account.Id, Generation = 3, CredentialSet = Guid.NewGuid() });
        Assert.That((await FenceOf(leased, account)).Generation, Is.EqualTo(6));
        Assert.That(await leased.Get(leased.TokenOf(account)), Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task A_withdrawn_key_is_no_longer_trusted()
    {
        await using var leased = await LeasedServer.Start();
        var account = new TestAccount();
        var token = leased.TokenOf(account);
        Assert.That(await leased.Get(token), Is.EqualTo(HttpStatusCode.OK));
        leased.AuthServer.RemoveKey(leased.AuthServer.Key);
        leased.AuthServer.Key = leased.AuthServer.AddKey();
        // Signed with a key that did not exist when the keys were fetched a moment ago.
        await leased.Events.Send(new(), SecurityEvents.KeyWithdrawn);
        Assert.That(await leased.Get(token), Is.EqualTo(HttpStatusCode.Unauthorized), "introspection calls it active");
        Assert.That(await leased.Get(leased.TokenOf(account)), Is.EqualTo(HttpStatusCode.OK));
    }

    [TestCaseSource(nameof(Forgeries))]
    public async Task An_event_that_was_not_signed_for_us_does_nothing_and_is_not_acknowledged(
        Action<SecurityTokenDescriptor> change)
    {
        await using var leased = await LeasedServer.Start();
        var account = new TestAccount();
        var token = leased.TokenOf(account);
        Assert.That(await leased.Get(token), Is.EqualTo(HttpStatusCode.OK));
        var (asked, applied) = (leased.Introspections, leased.LastEvent);
        var happened = new SecurityEvent { Account = account.Id, Generation = 9 };
        var forged = leased.Events.Send(happened, SecurityEvents.CredentialChange, change);
        var genuine = leased.Events.Send(happened);

        var polls = leased.Events.Polls.Count;
        await leased.Until(() => leased.Events.Polls.Count > polls + 2);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(leased.LastEvent, Is.EqualTo(applied));
            Assert.That(await leased.Get(token), Is.EqualTo(HttpStatusCode.OK));
            Assert.That(leased.Introspections, Is.EqualTo(asked));
            Assert.That(forged.IsCompleted || genuine.IsCompleted, Is.False, "nor the events after it");
        }
        leased.Time.Advance(TimeSpan.FromSeconds(61));
        Assert.That(leased.Server.HasLease, Is.False, "no poll renewed it");
        leased.Events.Withdraw();
        await leased.Until(() => leased.Server.HasLease);
    }

    [Test]
    public async Task Events_before_an_unusable_one_are_acknowledged()
    {
        await using var leased = await LeasedServer.Start();
        var gate = await leased.Events.HoldAnswers();
        var first = leased.Events.Send(new() { Account = Guid.NewGuid() });
        var forged = leased.Events.Send(new(), "", token => token.Audience = "somebody");
        gate.Release();
        await leased.Until(() => first.IsCompleted);
        Assert.That(forged.IsCompleted, Is.False);
    }

    [Test]
    public async Task An_event_that_cannot_be_stored_is_sent_again_and_the_lease_expires_meanwhile()
    {
        await using var leased = await LeasedServer.Start();
        var account = new TestAccount();
        await Execute(leased, """ALTER TABLE "Fences" RENAME TO "Away" """);
        var applied = leased.Replace(account);
        var polls = leased.Events.Polls.Count;
        await leased.Until(() => leased.Events.Polls.Count > polls + 2);
        Assert.That(applied.IsCompleted, Is.False);
        leased.Time.Advance(TimeSpan.FromSeconds(61));
        Assert.That(leased.Server.HasLease, Is.False);

        await Execute(leased, """ALTER TABLE "Away" RENAME TO "Fences" """);
        await leased.Until(() => applied.IsCompleted && leased.Server.HasLease);
        Assert.That((await FenceOf(leased, account)).CredentialSetId, Is.EqualTo(account.SetId));
    }

    [Test]
    public async Task An_event_whose_key_cannot_be_fetched_is_sent_again()
    {
        await using var leased = await LeasedServer.Start();
        leased.AuthServer.Fail(AuthServerPaths.Keys, WireMock.ResponseBuilders.Response.Create().WithStatusCode(500));
        leased.AuthServer.Key = leased.AuthServer.AddKey();
        var applied = leased.Replace(new());
        var polls = leased.Events.Polls.Count;
        await leased.Until(() => leased.Events.Polls.Count > polls + 2);
        Assert.That(applied.IsCompleted, Is.False);
        leased.AuthServer.Recover();
        await leased.Until(() => applied.IsCompleted);
    }

    private static IEnumerable<TestCaseData<Action<SecurityTokenDescriptor>>> Forgeries()
    {
        yield return Forgery("another key", token => token.SigningCredentials =
            new(TestAuthServer.NewKey(token.SigningCredentials.Key.KeyId), SecurityAlgorithms.EcdsaSha256));
        yield return Forgery("an unknown key", token => token.SigningCredentials =
            new(TestAuthServer.NewKey("unknown"), SecurityAlgorithms.EcdsaSha256));
        yield return Forgery("no key", token => token.SigningCredentials = null);
        yield return Forgery("another audience", token => token.Audience = Audiences.Management);
        yield return Forgery("another issuer", token => token.Issuer = "https://elsewhere.example.com");
        yield return Forgery("another type", token => token.TokenType = "at+jwt");
        yield return Forgery("another number", token => token.Claims["jti"] = "7777");
        yield return Forgery("no event", token => token.Claims.Remove("events"));
        yield return Forgery("two events", token =>
            ((Dictionary<string, object>)token.Claims["events"])["https://example.com/another"] = new Dictionary<string,
            object>());
    }

    private static TestCaseData<Action<SecurityTokenDescriptor>> Forgery(
        string name, Action<SecurityTokenDescriptor> change) =>
        new(change) { TestName = $"An_event_with_{name.Replace(' ', '_')}_is_not_acknowledged" };

    private static async Task<Fence> FenceOf(LeasedServer leased, TestAccount account)
    {
        await using var scope = leased.Server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        return await db.Set<Fence>().SingleAsync(fence => fence.AccountId == account.Id);
    }

    private static async Task Execute(LeasedServer leased, string sql)
    {
        await using var scope = leased.Server.Services.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<ScimDbContext>().Database.ExecuteSqlRawAsync(sql);
    }
}
