using Auth.Server.Administrators;
using Auth.Server.Tests.Pages.Security;
using OtpNet;

namespace Auth.Server.Tests.Pages.Operators;

/// <summary>Creates operators, and signs them in to the console.</summary>
internal static class OperatorSignIn
{
    public const string Olga = "olga@scileads.example";
    public const string Root = "/operator";

    /// <summary>Creates an operator who has a password and no second factor yet.</summary>
    public static Task<bool> CreateOperator(this AuthServer server, string email = Olga) =>
        server.With(async (Invitations invitations) =>
        {
            var issued = await invitations.Invite(
                accountId: null, email, readOnly: false, TestOperations.Actor(), CancellationToken.None);
            await invitations.Accept(issued.Link.Split('#')[1], AuthServer.Password, CancellationToken.None);
            return true;
        });

    /// <summary>A browser in which a new operator has signed in and set up an authenticator app.</summary>
    public static async Task<(Browser Browser, Totp App)> SignInOperator(this AuthServer server, string email = Olga)
    {
        await server.CreateOperator(email);
        var browser = Browser.At(server);
        await browser.EnterPassword(email, Root, Root);
        var (app, _) = await browser.SetUpApp(server, Root);
        return (browser, app);
    }
}
