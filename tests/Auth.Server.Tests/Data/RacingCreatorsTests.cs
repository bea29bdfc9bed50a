using Auth.Server.Accounts;
using Auth.Server.Administrators;
using Auth.Server.Connect;
using Auth.Server.Credentials;
using Auth.Server.Tests.Connect;
using Microsoft.EntityFrameworkCore;
using Shared.Contracts;

namespace Auth.Server.Tests.Data;

/// <summary>Two who create the same thing at the same moment: one succeeds, and the others are told (409); nobody gets a fault.</summary>
public sealed class RacingCreatorsTests
{
    private static readonly string jwks = PublicKeysTests.SetOf(PublicKeysTests.NewKey());
    private static readonly string otherJwks = PublicKeysTests.SetOf(PublicKeysTests.NewKey());

    private static readonly Dictionary<string, Func<AuthServer, Account, int, Task>> creators = new()
    {
        ["account"] = (server, _, _) => server.CreateAccount("Acme"),
        ["administrator"] = (server, account, i) => server.CreateAdministrator(account, i % 2 == 0 ? "ada@acme.example" : "ADA@acme.example"),
        ["invitation"] = (server, account, _) => server.With<Invitations, IssuedInvitation>(
            invitations => invitations.Invite(account.Id, "bob@acme.example", "a test", CancellationToken.None)),
        ["resource server"] = (server, _, i) => server.With<ResourceServers, bool>(async servers =>
        {
            await servers.Add("billing", i % 2 == 0 ? jwks : otherJwks, CancellationToken.None);
            return true;
        }),
        ["active set"] = (server, account, _) => server.With<CredentialSets, IssuedCredentials>(sets => sets.Generate(
            new(account.Id, null, CredentialMethods.OAuth2, "a test"), CancellationToken.None)),
        ["staged set"] = (server, account, _) => server.With<CredentialSets, IssuedCredentials>(sets => sets.Generate(
            new(account.Id, null, CredentialMethods.OAuth2, "a test", Staging: new(Activation.Manual)), CancellationToken.None)),
    };

    private static IEnumerable<string> Creators => creators.Keys;

    [TestCaseSource(nameof(Creators))]
    public async Task Of_many_who_create_the_same_at_once_nobody_gets_a_fault(string what)
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount("Owner");

        for (var round = 0; round < 3; round++)
        {
            var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(async () =>
            {
                try
                {
                    await creators[what](server, account, i);
                    return "created";
                }
                catch (ProblemException problem)
                {
                    return $"{problem.Status}";
                }
                catch (Exception fault)
                {
                    return $"{fault.GetType().Name}: {fault.GetBaseException().Message}";
                }
            })));
            Assert.That(outcomes, Is.All.AnyOf("created", "409"), $"round {round}");
            if (round == 0)
                Assert.That(outcomes, Does.Contain("created"));
        }

        var counts = await server.WithDatabase(async db => (
            await db.Accounts.CountAsync(a => a.Name == "Acme"), await db.Users.CountAsync(), await db.Invitations.CountAsync(),
            await db.Clients.CountAsync(client => client.ClientId == "billing"),
            await db.CredentialSets.CountAsync(set => set.State != CredentialSetState.Ended)));
        Assert.That(
            new[] { counts.Item1, counts.Item2, counts.Item3, counts.Item4, counts.Item5 }.Sum(), Is.EqualTo(1));
    }
}
