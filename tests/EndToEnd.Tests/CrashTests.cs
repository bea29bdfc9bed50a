using System.Collections.Concurrent;
using System.Net;
using System.Text.RegularExpressions;

namespace EndToEnd.Tests;

/// <summary>
/// After <c>kill -9</c> during a hundred writes, every confirmed write is complete, and no write is partial.
/// </summary>
internal sealed partial class CrashTests : EndToEndTest
{
    private const int Writes = 100;
    private const int AnsweredBeforeTheCrash = 30;

    private LocalSystem system = null!;

    [OneTimeSetUp]
    public async Task StartSystem() => system = await LocalSystem.StartNew();

    [OneTimeTearDown]
    public async Task StopSystem() => await system.DisposeAsync();

    [TestCase("scim-api")]
    [TestCase("auth-server")]
    public async Task No_confirmed_user_is_lost_and_none_is_partial(string killed)
    {
        var customer = await Customer.Open(system);
        using var scim = system.Scim(await customer.GenerateToken());

        var answered = await WriteUntilKilled(killed, async number =>
        {
            var created = await scim.Create($"person{number}@crash.example");
            return created.Status == HttpStatusCode.Created ? (string)created["id"]! : null;
        });
        // With its lease, Scim.Api continues for a moment without Auth.Server.
        if (killed == "scim-api")
            Assert.That(answered, Has.Count.LessThan(Writes));
        await system.Restart();

        foreach (var (number, id) in answered)
        {
            var user = await scim.Get($"Users/{id}");
            Assert.That((string?)user["userName"], Is.EqualTo($"person{number}@crash.example"), user.ToString());
        }

        var all = await scim.Get("Users?startIndex=1&count=500");
        var users = all["Resources"]!.AsArray();
        Assert.That((int?)all["totalResults"], Is.EqualTo(users.Count).And.AtLeast(answered.Count));
        foreach (var user in users)
        {
            var userName = (string)user!["userName"]!;
            Assert.That((string?)user["emails"]![0]!["value"], Is.EqualTo(userName));
            Assert.That((int?)(await scim.Find(userName))["totalResults"], Is.EqualTo(1), userName);
        }

        Assert.That(await SeatsUsed(customer), Is.EqualTo(users.Count));
        var free = Enumerable.Range(0, Writes + 1)
            .First(number => users.All(user => (string?)user!["userName"] != $"person{number}@crash.example"));
        var created = await scim.Create($"person{free}@crash.example");
        Assert.That(created.Status, Is.EqualTo(HttpStatusCode.Created), created.ToString());
    }

    [Test]
    public async Task No_issued_token_is_lost_when_the_authorization_server_is_killed()
    {
        var client = await (await Customer.Open(system)).GenerateClient();

        var answered = await WriteUntilKilled(
            "auth-server", async _ => (string?)(await client.ClientCredentials())["access_token"]);
        Assert.That(answered, Has.Count.LessThan(Writes));
        await system.Restart();

        foreach (var token in answered.Values)
        {
            using var scim = system.Scim($"Bearer {token}");
            var answer = await scim.Test();
            Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.OK), answer.ToString());
        }
    }

    /// <summary>
    /// Makes eight concurrent writes at a time and kills a server meanwhile. Returns the responses, by the number
    /// of the write.
    /// </summary>
    private async Task<ConcurrentDictionary<int, string>> WriteUntilKilled(
        string killed, Func<int, Task<string?>> write)
    {
        var answered = new ConcurrentDictionary<int, string>();
        var isKilled = 0;
        await Parallel.ForEachAsync(
            Enumerable.Range(0, Writes), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (number, _) =>
            {
                try
                {
                    if (await write(number) is { } answer)
                        answered[number] = answer;
                }
                catch (HttpRequestException)
                {
                    // There was no response: the write may or may not have been made.
                }

                if (answered.Count >= AnsweredBeforeTheCrash && Interlocked.Exchange(ref isKilled, 1) == 0)
                    system.Kill(killed);
            });
        Assert.That(answered, Has.Count.GreaterThanOrEqualTo(AnsweredBeforeTheCrash));
        return answered;
    }

    private async Task<int> SeatsUsed(Customer customer)
    {
        var portal = await SignIn(customer);
        await portal.Open("/settings/user-management");
        var seats = await portal.Page.Locator(".seats").InnerTextAsync();
        return int.Parse(Used().Match(seats).Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"(\d+) of 200 used")]
    private static partial Regex Used();
}
