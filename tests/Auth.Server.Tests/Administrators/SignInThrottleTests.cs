using System.Net;
using Auth.Server.Administrators;
using SciLeads.Tests;

namespace Auth.Server.Tests.Administrators;

/// <summary>
/// How failures are counted and expire, without password hashes and with a fake clock.
/// </summary>
[NonParallelizable]
public sealed class SignInThrottleTests
{
    private const string Email = "ada@example.com";
    private AuthServer server = null!;

    [OneTimeSetUp]
    public async Task Start() => server = await AuthServer.Start();

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [SetUp]
    public void Forget() => server.Time.Advance(TimeSpan.FromDays(3));

    [Test]
    public async Task An_office_whose_failures_expire_as_fast_as_they_occur_never_waits()
    {
        // 150 failures of colleagues, each almost a quarter of an hour after the one before.
        for (var i = 0; i < 150; i++)
        {
            Assert.That((await Guess($"colleague{i}@example.com", Network(1))).WaitIfWrong, Is.Null, $"failure {i}");
            server.Time.Advance(TimeSpan.FromMinutes(14.9));
        }
    }

    [TestCase(1)]
    [TestCase(7)]
    [TestCase(42)]
    public async Task Failures_expire_continuously_however_they_are_spread(int seed)
    {
#pragma warning disable CA5394 // The random numbers only spread the failures.
        var random = new Random(seed);
        var level = 0.0;
        var network = Network(100 + seed);
        for (var i = 0; i < 300; i++)
        {
            var pause = TimeSpan.FromSeconds(random.Next(20) == 0 ? random.Next(40_000) : random.Next(120));
            server.Time.Advance(pause);
            level = Math.Max(0, level - (pause / SignInBudget.ForgottenAfter));
            var waits = (await Guess($"{seed}-{i}@example.com", network)).WaitIfWrong is not null;
            // At the limit, rounding can go either way.
            if (Math.Abs(level - 99.5) > 0.01)
                Assert.That(waits, Is.EqualTo(level > 99.5), $"failure {i}, level {level}");
            level = Math.Min(level + 1, 110);
        }
#pragma warning restore CA5394
    }

    [Test]
    public async Task Attempts_during_a_wait_neither_lengthen_it_nor_count()
    {
        for (var i = 0; i < 5; i++)
            await Guess(Email, Network(1));
        for (var i = 0; i < 50; i++)
            Assert.That((await Guess(Email, Network(1))).Wait, Is.EqualTo(TimeSpan.FromSeconds(5)));

        server.Time.Advance(TimeSpan.FromMinutes(75));
        for (var i = 0; i < 4; i++)
            Assert.That((await Guess(Email, Network(1))).Wait, Is.Null, "all five have expired");
    }

    [TestCase(1, 0.1, Description = "One network that tries ten times a second.")]
    [TestCase(50, 0.1)]
    [TestCase(500, 0.5, Description = "Each guess from another network.")]
    public async Task However_fast_others_guess_the_wait_is_at_most_a_minute(
        int networks, double every)
    {
        for (var i = 0; i < 120; i++)
            await Guess(Email, Network(1000 + i));
        var (guesses, waited) = (0, TimeSpan.Zero);

        while (true)
        {
            var admission = await Guess(Email, Network(1));
            if (admission.Wait is not { } wait)
                break;
            Assert.That(waited += wait, Is.LessThanOrEqualTo(TimeSpan.FromMinutes(1)));
            for (var rest = wait; rest > TimeSpan.Zero; rest -= TimeSpan.FromSeconds(every))
            {
                await Guess(Email, Network(2000 + (guesses++ % networks)));
                server.Time.Advance(rest < TimeSpan.FromSeconds(every) ? rest : TimeSpan.FromSeconds(every));
                if (guesses > 600)
                {
                    server.Time.Advance(rest);
                    break;
                }
            }
        }

        Assert.That(waited, Is.GreaterThan(TimeSpan.Zero), "the address is being guessed");
    }

    [Test]
    public async Task A_network_gets_at_most_one_guess_a_minute_for_an_address_that_many_guess()
    {
        for (var i = 0; i < 130; i++)
            await Guess(Email, Network(1000 + i));
        var looked = 0;
        for (var seconds = 0; seconds < 600; seconds++)
        {
            looked += (await Guess(Email, Network(1))).Wait is null ? 1 : 0;
            server.Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.That(looked, Is.LessThanOrEqualTo(10));
    }

    [Test]
    public async Task A_failure_causes_no_wait_on_a_node_whose_clock_is_behind()
    {
        // The clock of another node, or on SQLite, where there is only one node, this server's own, which is set back.
        await using var node = TestPostgres.IsWanted ? await server.StartNode() : null;
        var behind = TimeSpan.FromSeconds(3);
        server.Time.Advance(behind);
        for (var i = 0; i < 2; i++)
        {
            Assert.That((await Guess(Email, Network(1))).Wait, Is.Null);
            if (node is null)
                server.Time.AdjustTime(server.Time.GetUtcNow() - behind);
            var guess = await (node ?? server).With(
                (SignInThrottle throttle) => throttle.RecordAttempt(Of(Email, Network(1)), default));
            Assert.That(guess.Wait, Is.Null);
            if (node is null)
                server.Time.AdjustTime(server.Time.GetUtcNow() + behind);
        }
    }

    private static SignInBudget[] Of(string email, Visitor visitor) => SignInBudget.ForPassword(email, null, visitor);

    private static Visitor Network(int number) =>
        new(new IPAddress([10, (byte)(number / 62500), (byte)(number / 250 % 250), (byte)(number % 250)]));

    private Task<Admission> Guess(string email, Visitor visitor) =>
        server.With((SignInThrottle throttle) => throttle.RecordAttempt(Of(email, visitor), CancellationToken.None));
}
