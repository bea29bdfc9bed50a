using Auth.Server.Accounts;
using Auth.Server.Administrators;

namespace Auth.Server.Tests.Administrators;

public sealed class SignInTests
{
    private const string Email = "ada@example.com";

    [TestCase(Email)]
    [TestCase("nobody@example.com", Description = "An address that is nobody's is held off alike.")]
    public async Task After_five_wrong_passwords_nobody_is_looked_at_until_the_wait_is_over(string email)
    {
        await using var server = await Server();
        for (var i = 0; i < 5; i++)
            Assert.That(await Try(server, email, "wrong"), Is.EqualTo(new SignInOutcome(null, null)), $"attempt {i}");

        Assert.That((await Try(server, email, AuthServer.Password)).Wait, Is.EqualTo(TimeSpan.FromSeconds(5)));
        server.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.That((await Try(server, email, "wrong")).Wait, Is.Null);
        Assert.That((await Try(server, email, "wrong")).Wait, Is.EqualTo(TimeSpan.FromSeconds(10)));
    }

    [Test]
    public async Task The_right_password_begins_a_session_and_forgets_the_failures()
    {
        await using var server = await Server();
        for (var i = 0; i < 4; i++)
            await Try(server, Email, "wrong");

        Assert.That((await Try(server, Email, AuthServer.Password)).Session, Is.Not.Null);
        for (var i = 0; i < 5; i++)
            Assert.That((await Try(server, Email, "wrong")).Wait, Is.Null);
    }

    [Test]
    public async Task Guesses_in_parallel_count_one_by_one()
    {
        await using var server = await Server();
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Try(server, Email, "wrong")));
        Assert.That(outcomes.Count(outcome => outcome.Wait is null), Is.EqualTo(5));
    }

    [TestCase("kqvbtzmrwxhdnjpsgfcy")]
    [TestCase("57294836295738462958")]
    public async Task A_random_password_is_taken_whatever_its_characters(string password)
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        await server.With((AccountRegister accounts) =>
            accounts.CreateAdministrator(account.Id, Email, password, CancellationToken.None));

        Assert.That((await Try(server, Email, password)).Session, Is.Not.Null);
    }

    private static async Task<AuthServer> Server()
    {
        var server = await AuthServer.Start();
        await server.CreateAdministrator(await server.CreateAccount(), Email);
        return server;
    }

    private static Task<SignInOutcome> Try(AuthServer server, string email, string password) =>
        server.With((SignIn signIn) => signIn.Try(email, password, CancellationToken.None));
}
