using System.Net;
using Auth.Server.Administrators;

namespace Auth.Server.Tests.Administrators;

[NonParallelizable]
[Category("Slow")]
public sealed class SignInTests
{
    private const string Email = "ada@example.com";

    [TestCase(Email)]
    [TestCase("nobody@example.com", Description = "An unknown address is throttled alike.")]
    public async Task After_five_wrong_passwords_attempts_are_refused_until_the_wait_is_over(string email)
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
    public async Task The_right_password_begins_a_session_and_resets_the_failures()
    {
        await using var server = await Server();
        for (var i = 0; i < 4; i++)
            await Try(server, Email, "wrong");

        Assert.That((await Try(server, Email, AuthServer.Password)).Session, Is.Not.Null);
        for (var i = 0; i < 5; i++)
            Assert.That((await Try(server, Email, "wrong")).Wait, Is.Null);
    }

    [Test]
    public async Task Parallel_guesses_are_counted_one_by_one()
    {
        await using var server = await Server();
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Try(server, Email, "wrong")));
        Assert.That(outcomes.Count(outcome => outcome.Wait is null), Is.EqualTo(5));
    }

    [Test]
    public async Task Guesses_from_a_network_throttle_neither_another_network_nor_the_administrators_own_browser()
    {
        await using var server = await Server();
        var ada = await server.With((AdministratorRegister register) => register.Get(new(Email)));
        var stranger = new Visitor(IPAddress.Parse("203.0.113.7"));
        while ((await Try(server, Email, "wrong", stranger)).Wait is null)
        {
        }

        var elsewhere = new Visitor(IPAddress.Parse("192.0.2.1"));
        Assert.That((await Try(server, Email, AuthServer.Password, elsewhere)).Session, Is.Not.Null);
        var known = stranger with { Device = new Device(Guid.NewGuid(), ada.Id) };
        Assert.That((await Try(server, Email, AuthServer.Password, known)).Session, Is.Not.Null);
        Assert.That((await Try(server, Email, AuthServer.Password, stranger)).Wait, Is.Not.Null, "still throttled");
    }

    [Test]
    public async Task Many_networks_that_guess_one_password_get_one_guess_a_minute_and_the_own_browser_is_not_throttled()
    {
        await using var server = await Server();
        var ada = await server.With((AdministratorRegister register) => register.Get(new(Email)));
        var longest = TimeSpan.Zero;
        for (var i = 0; i < 130; i++)
        {
            var wait = (await Try(server, Email, "wrong", Network(i))).Wait ?? TimeSpan.Zero;
            longest = wait > longest ? wait : longest;
            server.Time.Advance(wait);
        }

        Assert.That(longest, Is.EqualTo(TimeSpan.FromMinutes(1)));
        Assert.That((await Try(server, Email, AuthServer.Password, Network(200))).Wait, Is.Not.Null);
        var known = new Visitor(Device: new Device(Guid.NewGuid(), ada.Id));
        Assert.That((await Try(server, Email, AuthServer.Password, known)).Session, Is.Not.Null);
        server.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.That((await Try(server, Email, AuthServer.Password, Network(200))).Session, Is.Not.Null);
    }

    [Test]
    public async Task A_network_that_tries_many_addresses_is_told_to_wait_unless_the_password_is_right()
    {
        await using var server = await Server();
        var guesser = Network(1);
        for (var i = 0; i < 100; i++)
            await server.With(
                (SignInThrottle throttle) => throttle.RecordAttempt(InUnknownBrowser($"a{i}@example.com", guesser), default));

        var wrong = await Try(server, "b@example.com", "wrong", guesser);
        Assert.That(wrong.Wait, Is.EqualTo(TimeSpan.FromSeconds(5)));
        Assert.That((await Try(server, "b@example.com", "wrong", Network(2))).Wait, Is.Null);
        Assert.That(
            (await Try(server, Email, AuthServer.Password, guesser)).Session, Is.Not.Null, "a colleague's mistakes");
        Assert.That((await Try(server, Email, AuthServer.Password, Network(2))).Session, Is.Not.Null);
    }

    [Test]
    public async Task Concurrent_sign_ins_of_many_administrators_from_one_network_all_succeed()
    {
        await using var server = await AuthServer.Start();
        await using var node = SciLeads.Tests.TestPostgres.IsWanted ? await server.StartNode() : null;
        var account = await server.CreateAccount();
        var emails = Enumerable.Range(0, 20).Select(i => $"admin{i}@example.com").ToList();
        foreach (var email in emails)
            await server.CreateAdministrator(account, email);

        var outcomes = await Task.WhenAll(emails.Select((email, i) =>
            Try(i % 2 == 0 ? server : node ?? server, email, AuthServer.Password, Network(1))));

        Assert.That(outcomes.Select(outcome => outcome.Wait), Has.All.Null);
        Assert.That(outcomes.Select(outcome => outcome.Session), Has.None.Null);
    }

    [Test]
    public async Task Concurrent_sign_ins_of_one_administrator_in_many_browsers_all_succeed()
    {
        await using var server = await Server();
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => Try(server, Email, AuthServer.Password)));
        Assert.That(outcomes.Select(outcome => outcome.Session), Has.None.Null);
    }

    [Test]
    public async Task A_browser_of_another_administrator_counts_as_unknown()
    {
        await using var server = await Server();
        var known = new Visitor(Device: new Device(Guid.NewGuid(), Guid.NewGuid()));
        for (var i = 0; i < 5; i++)
            await Try(server, Email, "wrong", known);
        var next = known with { Device = new Device(Guid.NewGuid(), Guid.NewGuid()) };
        Assert.That((await Try(server, Email, AuthServer.Password, next)).Wait, Is.Not.Null);
    }

    [Test]
    public async Task A_failure_expires_after_a_quarter_of_an_hour()
    {
        await using var server = await Server();
        for (var i = 0; i < 4; i++)
            await Try(server, Email, "wrong");

        server.Time.Advance(TimeSpan.FromMinutes(30));

        for (var i = 0; i < 3; i++)
            Assert.That((await Try(server, Email, "wrong")).Wait, Is.Null);
        Assert.That((await Try(server, Email, "wrong")).Wait, Is.EqualTo(TimeSpan.FromSeconds(5)));
    }

    [TestCase("kqvbtzmrwxhdnjpsgfcy")]
    [TestCase("57294836295738462958")]
    public async Task A_random_password_is_accepted_whatever_its_characters(string password)
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        await server.With((AdministratorRegister register) =>
            register.Create(account.Id, Email, password, CancellationToken.None));

        Assert.That((await Try(server, Email, password)).Session, Is.Not.Null);
    }

    private static async Task<AuthServer> Server()
    {
        var server = await AuthServer.Start();
        await server.CreateAdministrator(await server.CreateAccount(), Email);
        return server;
    }

    private static SignInBudget[] InUnknownBrowser(string email, Visitor visitor) =>
        SignInBudget.ForPassword(email, null, visitor);

    private static Visitor Network(int number) =>
        new(new IPAddress([10, 0, (byte)(number / 250), (byte)(number % 250)]));

    private static Task<SignInOutcome> Try(AuthServer server, string email, string password, Visitor? visitor = null) =>
        server.With((SignIn signIn) => signIn.Try(email, password, visitor ?? new(), CancellationToken.None));
}
