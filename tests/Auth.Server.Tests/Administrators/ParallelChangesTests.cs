using Auth.Server.Accounts;
using Auth.Server.Administrators;
using Microsoft.EntityFrameworkCore;
using SciLeads.Tests;

namespace Auth.Server.Tests.Administrators;

/// <summary>Administrators who remove or demote each other at the same moment: one of them remains.</summary>
public sealed class ParallelChangesTests
{
    [TestCase("remove", "remove")]
    [TestCase("remove", "demote")]
    [TestCase("demote", "demote")]
    public Task Of_two_who_change_each_other_one_remains_an_administrator(string first, string second) => Repeat(
        first,
        second,
        async (server, account, refusals) =>
        {
            Assert.That(refusals.Count(refusal => refusal is null), Is.EqualTo(1), account.Name);
            Assert.That(refusals, Has.One.EqualTo(
                "Somebody has just removed you, or made your access read-only. Nothing was changed."));
            Assert.That(
                await server.WithDatabase(db => db.Administrators.CountAsync(
                    one => one.AccountId == account.Id && !one.ReadOnly)),
                Is.EqualTo(1));
        });

    [Test]
    public Task Whoever_is_removed_while_inviting_somebody_leaves_no_invitation() => Repeat(
        "remove",
        "invite",
        async (server, account, refusals) =>
        {
            Assert.That(refusals[0], Is.Null, account.Name);
            Assert.That(await server.WithDatabase(db => db.Invitations.CountAsync()), Is.Zero, account.Name);
        });

    /// <summary>
    /// Lets two administrators of an account act at the same moment, one on the other, and checks what became of it;
    /// five times, each with an account of its own.
    /// </summary>
    private static async Task Repeat(string first, string second, Func<AuthServer, Account, string?[], Task> check)
    {
        await using var server = await AuthServer.Start();
        // On PostgreSQL, they may be connected to different nodes.
        await using var node = TestPostgres.IsWanted ? await server.StartNode() : null;

        for (var round = 0; round < 5; round++)
        {
            var account = await server.CreateAccount($"Round {round}");
            var ada = await server.CreateAdministrator(account, "ada@example.com");
            var bob = await server.CreateAdministrator(account, "bob@example.com");
            await check(server, account, await Task.WhenAll(
                Change(server, first, ada, bob), Change(node ?? server, second, bob, ada)));
        }
    }

    /// <returns>Why it was refused; null if it was not.</returns>
    private static async Task<string?> Change(AuthServer server, string how, Administrator by, Administrator colleague)
    {
        var signedIn = new SignedIn(by.Id, by.AccountId, Guid.NewGuid(), by.Email!);
        var actor = TestOperations.Actor(by.Email!);
        try
        {
            if (how == "invite")
            {
                await server.With((Invitations invitations) => invitations.Invite(
                    signedIn, "accomplice@example.com", false, actor, CancellationToken.None));
                return null;
            }
            return await server.With(async (Memberships memberships) =>
            {
                if (how == "remove")
                    await memberships.Remove(signedIn, colleague.Id, actor, CancellationToken.None);
                else
                    await memberships.ChangeRole(signedIn, colleague.Id, true, actor, CancellationToken.None);
                return (string?)null;
            });
        }
        catch (ProblemException problem) when (problem.Status == 403)
        {
            return problem.Message;
        }
    }
}
