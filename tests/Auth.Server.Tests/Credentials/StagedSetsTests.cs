using Auth.Server.Accounts;
using Auth.Server.Audit;
using Auth.Server.Credentials;
using Auth.Server.Events;
using Auth.Server.Issuance;
using Auth.Server.Tests.Connect;
using Auth.Server.Tests.Events;
using Microsoft.EntityFrameworkCore;
using Shared.Contracts;

namespace Auth.Server.Tests.Credentials;

/// <summary>Sets that are activated later: manually, or by their first use.</summary>
[Category("Slow")]
public sealed class StagedSetsTests
{
    private AuthServer server = null!;
    private ResourceServer scim = null!;
    private Account account = null!;
    private IssuedCredentials active = null!;

    [SetUp]
    public async Task Start()
    {
        server = await AuthServer.Start();
        scim = await ResourceServer.Register(server);
        account = await server.CreateAccount();
        active = await server.Generate(account);
    }

    [TearDown]
    public async Task Stop()
    {
        scim.Dispose();
        await server.DisposeAsync();
    }

    [TestCase(CredentialMethods.DirectJwt)]
    [TestCase(CredentialMethods.OAuth2)]
    public async Task A_manually_staged_set_gets_tokens_that_are_refused_until_it_is_activated(string method)
    {
        var staged = await Stage(Activation.Manual, method);
        var token = await TokenOf(staged);

        var before = await scim.Introspect(token);
        Assert.That((before.Active, before.Staged, before.Pending), Is.EqualTo((false, true, false)));
        Assert.That((await scim.Introspect(active.Token!)).Active);

        var set = await Activate(staged.Set.Id);

        Assert.That((await scim.Introspect(token)).Active);
        Assert.That((await scim.Introspect(active.Token!)).Active, Is.False);
        Assert.That(set.Generation, Is.GreaterThan(active.Set.Generation!.Value));
        Assert.That((set.State, set.ActivatedBy), Is.EqualTo((CredentialSetState.Active, "a test")));
    }

    [TestCase(CredentialMethods.DirectJwt)]
    [TestCase(CredentialMethods.OAuth2)]
    public async Task The_first_SCIM_request_activates_and_obtaining_a_token_does_not(string method)
    {
        var staged = await Stage(Activation.FirstUse, method);
        var token = await TokenOf(staged);
        Assert.That((await scim.Introspect(active.Token!)).Active);

        Assert.That((await scim.Introspect(token)).Pending);
        var answer = await UntilActive(token);

        Assert.That(answer.CredentialSet!.Id, Is.EqualTo(staged.Set.Id));
        Assert.That((await scim.Introspect(active.Token!)).Active, Is.False);
        var set = await Find(staged.Set.Id);
        Assert.That((set.State, set.ActivatedBy), Is.EqualTo((CredentialSetState.Active, "first use")));
    }

    [Test]
    public async Task A_new_set_is_not_usable_before_every_node_has_confirmed()
    {
        using var node = await ScimNode.Start(server, scim);
        await node.Poll();
        var staged = await Stage(Activation.FirstUse);
        Assert.That((await node.Introspect(staged.Token!)).Pending);
        // Requests with the old set may still be in progress.
        Assert.That((await node.Introspect(active.Token!)).Active);
        EventPage page;
        do
            page = await node.Poll();
        while (page.Sets.Count == 0);

        Assert.That((await node.Introspect(staged.Token!)).Pending);
        Assert.That((await node.Introspect(active.Token!)).Active, Is.False);
        await node.Poll(now: true, ack: [.. page.Sets.Keys]);

        Assert.That((await UntilActive(staged.Token!)).Active);
    }

    [Test]
    public async Task An_activation_that_a_killed_server_began_is_completed_by_the_next_introspection()
    {
        var staged = await Stage(Activation.Manual);
        await Activate(staged.Set.Id);
        // As if the server had been killed between the commit and the last acknowledgement.
        await server.WithDatabase(db => db.CredentialSets.ExecuteUpdateAsync(
            change => change.SetProperty(set => set.ConfirmedAt, (DateTime?)null)));

        Assert.That((await scim.Introspect(staged.Token!)).Pending);
        Assert.That((await UntilActive(staged.Token!)).Active);
    }

    [Test]
    public async Task Of_many_concurrent_first_uses_one_activates_the_set()
    {
        var staged = await Stage(Activation.FirstUse);
        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => UntilActive(staged.Token!)));
        var events = await server.WithDatabase(db => db.Events.CountAsync(e => e.CredentialSetId == staged.Set.Id));
        Assert.That(events, Is.EqualTo(1));
    }

    [Test]
    public async Task Concurrent_activations_on_two_nodes_leave_one_audit_entry()
    {
        var staged = await Stage(Activation.FirstUse);
        await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => server.With<CredentialSets, bool>(async sets =>
        {
            await sets.CompleteFirstUse(staged.Set.Id, CancellationToken.None);
            return true;
        })));
        var entries = await server.WithDatabase(db => db.AuditEntries.CountAsync(
            entry => entry.Action == AuditAction.ActivateCredentials));
        Assert.That(entries, Is.EqualTo(1));
        Assert.That((await Find(staged.Set.Id)).State, Is.EqualTo(CredentialSetState.Active));
    }

    [Test]
    public async Task Generating_now_ends_the_staged_set_too()
    {
        var staged = await Stage(Activation.FirstUse);
        await server.Generate(account);
        var answer = await scim.Introspect(staged.Token!);
        Assert.That((answer.Active, answer.Pending, answer.Staged), Is.EqualTo((false, false, false)));
        Assert.That((await Find(staged.Set.Id)).EndReason, Is.EqualTo(CredentialSetEnd.Superseded));
    }

    [Test]
    public async Task Revoking_a_staged_set_leaves_the_active_one_unchanged()
    {
        var staged = await Stage(Activation.Manual);
        await server.With<CredentialSets, bool>(async sets =>
        {
            await sets.Revoke(account.Id, staged.Set.Id, "a test", CancellationToken.None);
            return true;
        });
        Assert.That((await scim.Introspect(active.Token!)).Active);
        Assert.That(
            async () => await Activate(staged.Set.Id),
            Throws.TypeOf<ProblemException>().With.Property("Status")
                .EqualTo(409).And.Message.StartsWith("a test ended"));
    }

    [Test]
    public async Task An_unused_staged_set_expires()
    {
        var staged = await Stage(Activation.FirstUse);
        server.Time.Advance(TimeSpan.FromDays(7));
        Assert.That((await scim.Introspect(staged.Token!)).Pending, Is.False);
        Assert.That((await scim.Introspect(active.Token!)).Active);

        await server.With<CredentialSets, bool>(async sets =>
        {
            await sets.EndExpired(CancellationToken.None);
            return true;
        });
        var set = await Find(staged.Set.Id);
        Assert.That(
            (set.EndReason, set.EndedAt),
            Is.EqualTo(((CredentialSetEnd?)CredentialSetEnd.Expired, set.ActivateBefore)));
    }

    [Test]
    public async Task Staging_and_activating_require_the_current_state()
    {
        var staged = await Stage(Activation.Manual);
        Assert.That(async () => await Stage(Activation.Manual), Refused("staged credentials"));
        var second = await Stage(Activation.Manual, seen: staged.Set.Id);
        Assert.That(async () => await Activate(staged.Set.Id), Refused("ended these credentials"));
        await Activate(second.Set.Id);
        Assert.That(async () => await Activate(second.Set.Id), Refused("activated these credentials"));
        Assert.That(async () => await Stage(Activation.Manual), Refused("activated staged credentials"));
    }

    [Test]
    public async Task A_check_recognises_the_right_secret_and_activates_nothing()
    {
        var staged = await Stage(Activation.FirstUse, CredentialMethods.OAuth2);
        await Check(staged.Set.Id, staged.ClientSecret!);
        await Check(staged.Set.Id, $"{staged.ClientSecret}\n");
        await Check(staged.Set.Id, await TokenOf(staged));
        foreach (var wrong in new[] { "", "wrong", ClientSecret.Generate(), active.Token!, "a.b.c" })
        {
            Assert.That(
                async () => await Check(staged.Set.Id, wrong),
                Throws.TypeOf<ProblemException>().With.Property("Status").EqualTo(400));
        }

        Assert.That((await Find(staged.Set.Id)).State, Is.EqualTo(CredentialSetState.Staged));
        Assert.That(async () => await Check(active.Set.Id, active.Token!), Refused("not staged"));
    }

    [Test]
    public async Task Uses_and_refusals_are_recorded_with_time_address_and_user_agent()
    {
        using var node = await ScimNode.Start(server, scim);
        await node.Introspect(active.Token!);
        server.Time.Advance(TimeSpan.FromMinutes(1));
        await server.Generate(account);
        await node.Introspect(active.Token!);
        await server.With<CredentialUses, bool>(async uses =>
        {
            await uses.Write(CancellationToken.None);
            return true;
        });

        var set = await Find(active.Set.Id);
        Assert.Multiple(() =>
        {
            Assert.That(set.FirstUsedAt, Is.EqualTo(set.LastUse!.At));
            Assert.That(set.LastUse.Address, Is.EqualTo("203.0.113.7"));
            Assert.That(set.LastUse.UserAgent, Is.EqualTo("Okta SCIM Client 1.0.0"));
            Assert.That(set.LastRefusal!.At, Is.EqualTo(set.LastUse.At.AddMinutes(1)));
        });
    }

    private static NUnit.Framework.Constraints.ContainsConstraint Refused(string why) =>
        Throws.TypeOf<ProblemException>().With.Property("Status").EqualTo(409).And.Message.Contains(why);

    private Task<IssuedCredentials> Stage(
        Activation activation, string method = CredentialMethods.DirectJwt, Guid? seen = null) =>
        server.With((CredentialIssuer issuer) => issuer.Generate(
            new(account.Id, active.Set.Id, method, TestOperations.Actor(), Staging: new(activation, Replaces: seen)),
            CancellationToken.None));

    private Task<CredentialSet> Activate(Guid id) =>
        server.With((CredentialSets sets) => sets.Activate(account.Id, id, "a test", CancellationToken.None));

    private Task<CredentialSet> Check(Guid id, string secret) =>
        server.With((CredentialCheck check) => check.Check(account.Id, id, secret, CancellationToken.None));

    private Task<CredentialSet> Find(Guid id) =>
        server.With((CredentialHistory history) => history.Get(account.Id, id, CancellationToken.None));

    private async Task<string> TokenOf(IssuedCredentials issued)
    {
        if (issued.Token is not null)
            return issued.Token;
        using var http = server.CreateClient();
        return await http.ClientCredentialsToken(issued.Set.ClientId!, issued.ClientSecret!);
    }

    private async Task<TokenIntrospection> UntilActive(string token)
    {
        while (true)
        {
            var answer = await scim.Introspect(token);
            if (answer.Active)
                return answer;
            Assert.That(answer.Pending, "It is neither active nor about to be.");
            await Task.Delay(20);
        }
    }
}
