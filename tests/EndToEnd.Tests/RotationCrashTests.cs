using System.Net;
using System.Text.Json.Nodes;

namespace EndToEnd.Tests;

/// <summary>
/// After <c>kill -9</c> of <c>Auth.Server</c> at any moment of a rotation, exactly one set is active, the old or the
/// new one, and a retry with the same <c>Idempotency-Key</c> completes the rotation.
/// </summary>
internal sealed class RotationCrashTests : EndToEndTest
{
    private static readonly int rounds = Environment.GetEnvironmentVariable("TEST_NIGHTLY") is null ? 5 : 80;
    private static readonly TimeSpan longest = TimeSpan.FromSeconds(30);

    private readonly List<string> killedWhile = [];
    private LocalSystem system = null!;
    private ManagementClient client = null!;
    private string step = "";

    [OneTimeSetUp]
    public async Task StartSystem() => system = await LocalSystem.StartNew();

    [OneTimeTearDown]
    public async Task StopSystem() => await system.DisposeAsync();

    [Test]
    public async Task One_set_is_active_whenever_the_server_is_killed_and_a_retry_completes_the_rotation()
    {
        var random = new Random(TestContext.CurrentContext.Random.Next());
        var customer = await Customer.Open(system);
        client = await ManagementClient.Add(customer);
        using var disposed = client;
        var (token, setId) = (await customer.GenerateToken(), (string)(await client.List())[0]["id"]!);
        // Measures how long a rotation takes, to choose when to kill.
        var watch = System.Diagnostics.Stopwatch.StartNew();
        (token, setId) = await Rotate(setId, staged: true, _ => Task.CompletedTask);
        var usual = watch.Elapsed;

        for (var round = 0; round < rounds; round++)
        {
            var old = (Token: token, Id: setId);
            using var restarted = new SemaphoreSlim(0);
            var crash = Crash(usual * random.NextDouble(), old, restarted);
            (token, setId) = await Rotate(setId, staged: round % 2 == 0, async lost =>
            {
                TestContext.Out.WriteLine($"Round {round}: lost in {step}: {lost.Message}");
                await restarted.WaitAsync(longest);
                restarted.Release();
            });
            await crash;

            Assert.That(await Accepts(token, wanted: true), "the new set is accepted");
            Assert.That(await Accepts(old.Token, wanted: false), Is.False, "the old one is refused");
            Assert.That((await client.List()).Count(set => (string?)set["state"] == "active"), Is.EqualTo(1));
            Assert.That(await client.List(), Has.Count.EqualTo(round + 3), "no set was generated twice");
        }
        TestContext.Out.WriteLine($"Killed while: {string.Join(", ", killedWhile)}");
    }

    /// <summary>
    /// Kills the server after a while, restarts it, and checks which set is accepted before any retry.
    /// </summary>
    private async Task Crash(TimeSpan after, (string Token, string Id) old, SemaphoreSlim restarted)
    {
        await Task.Delay(after);
        killedWhile.Add(step);
        system.Kill("auth-server");
        await system.StartAgain("auth-server", system.AuthPort);

        var active = (await client.List()).Where(set => (string?)set["state"] == "active").ToList();
        Assert.That(active, Has.Count.EqualTo(1), "one set is active");
        var isOld = (string?)active[0]["id"] == old.Id;
        Assert.That(await Accepts(old.Token, isOld), Is.EqualTo(isOld), $"killed in {killedWhile[^1]}");
        restarted.Release();
    }

    /// <summary>Rotates; a call that gets no response is retried with its key.</summary>
    private async Task<(string Token, string SetId)> Rotate(string replaces, bool staged, Func<Exception, Task> onLost)
    {
        var key = $"{Guid.NewGuid()}";
        var body = new JsonObject { ["method"] = "direct_jwt", ["replaces"] = replaces };
        if (staged)
            body["staging"] = new JsonObject { ["activation"] = "manual" };
        step = staged ? "stage" : "generate";
        var made = await UntilAnswered(() => client.Post("", key, body), HttpStatusCode.Created, onLost);
        var set = made["credentialSet"]!;
        if (staged)
        {
            step = "activate";
            var activated = await UntilAnswered(
                () => client.Post($"/{set["id"]}/activate", $"{key}-activate"), HttpStatusCode.OK, onLost);
            set = activated["credentialSet"]!;
        }
        step = "done";
        Assert.That((string?)set["state"], Is.EqualTo("active"));
        return ((string)made["issued"]!["token"]!, (string)set["id"]!);
    }

    private static async Task<Answer> UntilAnswered(
        Func<Task<Answer>> call, HttpStatusCode wanted, Func<Exception, Task> onLost)
    {
        while (true)
        {
            try
            {
                var answer = await call();
                Assert.That(answer.Status, Is.EqualTo(wanted), answer.ToString());
                return answer;
            }
            catch (HttpRequestException lost)
            {
                await onLost(lost);
            }
        }
    }

    /// <summary>Whether SCIM accepts a token; it may take a moment until a restarted server is asked again.</summary>
    private async Task<bool> Accepts(string token, bool wanted)
    {
        using var scim = system.Scim(token);
        var watch = System.Diagnostics.Stopwatch.StartNew();
        while (true)
        {
            var answer = await scim.Test();
            // 503 means that the state is unknown; a set that is not confirmed cannot be used until it is.
            var isSure = answer.Status is HttpStatusCode.OK
                || (answer.Status is HttpStatusCode.Unauthorized && !wanted);
            if (isSure || watch.Elapsed > longest)
                return answer.Status == HttpStatusCode.OK;
            await Task.Delay(TimeSpan.FromMilliseconds(100));
        }
    }
}
