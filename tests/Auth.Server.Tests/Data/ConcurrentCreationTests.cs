using Auth.Server.Accounts;
using Auth.Server.Administrators;
using Auth.Server.Connect;
using Auth.Server.Credentials;
using Auth.Server.Issuance;
using Auth.Server.Tests.Administrators;
using Auth.Server.Tests.Connect;
using Auth.Server.Tests.Pages;
using Auth.Server.Tests.Pages.Security;
using Microsoft.EntityFrameworkCore;
using Shared.Contracts;

namespace Auth.Server.Tests.Data;

/// <summary>
/// Of concurrent requests that create the same thing, one succeeds and the others are refused
/// (409), without server errors.
/// </summary>
[Category("Slow")]
public sealed class ConcurrentCreationTests
{
    private static readonly string jwks = PublicKeysTests.SetOf(PublicKeysTests.NewKey());
    private static readonly string otherJwks = PublicKeysTests.SetOf(PublicKeysTests.NewKey());

    private static readonly Dictionary<string, Func<AuthServer, Account, int, Task>> creators = new()
    {
        ["account"] = (server, _, _) => server.CreateAccount("Acme"),
        ["administrator"] = (server, account, i) =>
            server.CreateAdministrator(account, i % 2 == 0 ? "ada@acme.example" : "ADA@acme.example"),
        ["invitation"] = (server, account, _) => server.With<Invitations, IssuedInvitation>(
            invitations => invitations.Invite(account.Id, "bob@acme.example", "a test", CancellationToken.None)),
        ["resource server"] = (server, _, i) => server.With<ResourceServers, bool>(async servers =>
        {
            await servers.Add("billing", i % 2 == 0 ? jwks : otherJwks, CancellationToken.None);
            return true;
        }),
        ["active set"] = (server, account, _) => server.With<CredentialIssuer,
        IssuedCredentials>(issuer => issuer.Generate(
            new(account.Id, null, CredentialMethods.OAuth2, TestOperations.Actor()), CancellationToken.None)),
        ["staged set"] = (server, account, _) => server.With<CredentialIssuer,
        IssuedCredentials>(issuer => issuer.Generate(
            new(account.Id, null, CredentialMethods.OAuth2, TestOperations.Actor(), Staging: new(Activation.Manual)),
            CancellationToken.None)),
    };

    private static IEnumerable<string> Creators => creators.Keys;

    [TestCaseSource(nameof(Creators))]
    public async Task Creating_the_same_concurrently_never_causes_a_server_error(string what)
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
            await db.Accounts.CountAsync(
                a => a.Name == "Acme"), await db.Administrators.CountAsync(), await db.Invitations.CountAsync(),
            await db.Clients.CountAsync(client => client.ClientId == "billing"),
            await db.CredentialSets.CountAsync(set => set.State != CredentialSetState.Ended)));
        Assert.That(
            new[] { counts.Item1, counts.Item2, counts.Item3, counts.Item4, counts.Item5 }.Sum(), Is.EqualTo(1));
    }

    [TestCase(true, Description = "A form that is sent several times at once.")]
    [TestCase(false, Description = "A device that gives several administrators the same credential id.")]
    public async Task Adding_the_same_passkey_concurrently_never_causes_a_server_error(bool sameAdministrator)
    {
        await using var server = await AuthServer.Start();
        var browsers = new List<Browser>();
        for (var i = 0; i < 4; i++)
        {
            var email = $"ada{(sameAdministrator ? 0 : i)}@example.com";
            if (!sameAdministrator || i == 0)
                await server.CreateAdministrator(await server.CreateAccount($"account {i}"), email);
            browsers.Add(i > 0 && sameAdministrator ? browsers[0] : await Browser.SignedIn(server, email));
        }

        for (var round = 0; round < 3; round++)
        {
            using var device = new SoftwareAuthenticator();
            var answers = new List<(Page Page, string Answer)>();
            foreach (var browser in browsers)
            {
                var page = answers.Count > 0 && sameAdministrator
                    ? answers[0].Page
                    : await browser.Open("/security/passkeys");
                answers.Add((page, device.Create(SecondFactor.OptionsOn(page))));
            }

            var added = await Task.WhenAll(browsers.Select((browser, i) => Task.Run(() => browser.Submit(
                answers[i].Page, "Add a passkey", ("name", "My device"), ("answer", answers[i].Answer)))));
            var statuses = added.Select(page => page.Status).ToList();

            Assert.That(statuses, Is.All.AnyOf(200, 302, 400, 409), $"round {round}");
            Assert.That(statuses, Has.Some.AnyOf(200, 302));
            var kept = await server.WithDatabase(db =>
                db.Passkeys.CountAsync(passkey => passkey.CredentialId == device.CredentialId));
            Assert.That(kept, Is.EqualTo(1));
        }
        foreach (var browser in browsers)
            browser.Dispose();
    }
}
