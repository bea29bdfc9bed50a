using Auth.Server.Administrators;
using Auth.Server.Audit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Auth.Server.Tests.Administrators;

/// <summary>A sign-in during which the administrator's access changes begins no session.</summary>
public sealed class SessionsTests
{
    [TestCase("password")]
    [TestCase("second factors")]
    [TestCase("removal")]
    public async Task A_change_between_the_check_and_the_session_prevents_the_session(string change)
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        await server.CreateAdministrator(account);
        await using var signingIn = server.Services.CreateAsyncScope();
        var found = (await signingIn.ServiceProvider.GetRequiredService<AdministratorRegister>()
            .FindAll("ada@example.com", Site.Portal, CancellationToken.None)).Single();
        await (change switch
        {
            "password" => SetPassword(server),
            "removal" => server.With(async (Memberships memberships) =>
            {
                await memberships.Remove(new("ada@example.com"), TestOperations.Actor(), CancellationToken.None);
                return true;
            }),
            _ => server.With(async (AdministratorRegister register) =>
            {
                await register.ResetSecondFactors(
                    new("ada@example.com"), TestOperations.Actor(), CancellationToken.None);
                return true;
            }),
        });

        var session = await signingIn.ServiceProvider.GetRequiredService<Sessions>()
            .Begin(found, new Visitor(), CancellationToken.None);

        Assert.That(session, Is.Null);
        Assert.That(await server.WithDatabase(db => db.Sessions.CountAsync()), Is.Zero);
        Assert.That(await server.WithDatabase(db => db.AuditEntries.CountAsync(
            entry => entry.Action == Auth.Server.Audit.AuditAction.SignIn)), Is.Zero);
    }

    private static Task<bool> SetPassword(AuthServer server) => server.With(async (Invitations invitations) =>
    {
        var link = (await invitations.ResetPassword("ada@example.com", "a test", CancellationToken.None)).Link;
        await invitations.Accept(link.Split('#')[1], "Another-Horse-Battery-8", CancellationToken.None);
        return true;
    });
}
