using Auth.Server.Accounts;
using Auth.Server.Administrators;
using Auth.Server.Tests.Administrators;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Auth.Server.Tests.Pages.Security;

/// <summary>
/// If the account requires a second factor, concurrent removals never remove the last one.
/// </summary>
public sealed class ParallelRemovalsTests
{
    [TestCase("app", "passkey")]
    [TestCase("passkey", "passkey")]
    [TestCase("app", "app")]
    public async Task Of_two_factors_removed_concurrently_one_remains(string first, string second)
    {
        await using var server = await AuthServer.Start();
        await using var node = SciLeads.Tests.TestPostgres.IsWanted ? await server.StartNode() : null;
        var account = await server.CreateAccount(
            settings: new AccountChange(ScimEnabled: true, RequireSecondFactor: true));
        await server.CreateAdministrator(account);
        using var ada = await Browser.SignedIn(server);
        using var device = new SoftwareAuthenticator();
        using var other = new SoftwareAuthenticator();
        var who = await Session(server);

        for (var round = 0; round < 4; round++)
        {
            await server.WithDatabase(db => db.AuthenticatorApps.ExecuteDeleteAsync());
            await server.WithDatabase(db => db.Passkeys.ExecuteDeleteAsync());
            if (first == "app" || second == "app")
                await ada.SetUpApp(server);
            if (first == "passkey" || second == "passkey")
                await ada.AddPasskey(device);
            if (first == "passkey" && second == "passkey")
                await ada.AddPasskey(other);
            var passkeys = await server.WithDatabase(db => db.Passkeys.Select(one => one.CredentialId).ToListAsync());

            var refused = await Task.WhenAll(
                Remove(server, who, first, passkeys.FirstOrDefault()),
                Remove(node ?? server, who, second, passkeys.LastOrDefault()));

            Assert.That(
                refused.Count(one => one), Is.EqualTo(first == "app" && second == "app" ? 2 : 1), $"round {round}");
            var left = await server.With((SecondFactorRegister factors) => factors.Of(who.AdministratorId, default));
            Assert.That(left.Any);
            Assert.That(left.RecoveryCodes, Is.EqualTo(10));
        }
    }

    private static async Task<bool> Remove(AuthServer server, SignedIn who, string what, byte[]? passkey)
    {
        await using var scope = server.Services.CreateAsyncScope();
        var factors = scope.ServiceProvider.GetRequiredService<SecondFactorRegister>();
        var apps = scope.ServiceProvider.GetRequiredService<AuthenticatorApps>();
        var passkeys = scope.ServiceProvider.GetRequiredService<Passkeys>();
        var administrator = new Administrator { Id = who.AdministratorId, AccountId = who.AccountId };
        try
        {
            await factors.Remove(
                who,
                what,
                () => what == "app"
                    ? apps.Remove(who.AdministratorId, CancellationToken.None)
                    : passkeys.Remove(administrator, passkey!, CancellationToken.None),
                TestOperations.Actor(),
                CancellationToken.None);
            return false;
        }
        catch (ProblemException problem) when (problem.Status == 409)
        {
            return true;
        }
    }

    private static async Task<SignedIn> Session(AuthServer server) => SignedIn.From(await server.WithDatabase(
        db => db.Sessions.AsNoTracking().Include(session => session.Administrator).SingleAsync()));
}
