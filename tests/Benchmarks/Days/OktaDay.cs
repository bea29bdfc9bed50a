using System.Globalization;

namespace Benchmarks.Days;

/// <summary>
/// A day of a customer who uses Okta, compressed: about thirty things an hour become twenty a second. New employees
/// are looked up and created; profiles are read and replaced as a whole; people who leave are deactivated and some come
/// back; and each tenth of the day, all users are imported page by page.
/// </summary>
internal sealed class OktaDay(Product product, Report report)
{
    private const int PerSecond = 20;
    private const int Imports = 10;
    private const string Users = "/scim/v2/Users";

    private readonly Client client = new(product, report);
    private readonly Random random = new(1);
    private int hired = 700_000_000;

    public Task Run(double minutes) => client.Record("Okta day", async () =>
    {
        var actions = (int)(minutes * 60 * PerSecond);
        var running = new List<Task>();
        using var clock = new PeriodicTimer(TimeSpan.FromSeconds(1.0 / PerSecond));
        for (var i = 0; i < actions && await clock.WaitForNextTickAsync(); i++)
        {
            running.Add(Any(Number()));
            if (i % (actions / Imports) == 0)
                running.Add(Import());
        }
        await Task.WhenAll(running);
    });

    // The random numbers spread the load and are not secrets.
#pragma warning disable CA5394
    private int Number() => random.Next(product.Users.Users);

    private Task Any(int number) => random.Next(100) switch
    {
        < 10 => Hire(),
        < 80 => Update(number),
        _ => Leave(number),
    };
#pragma warning restore CA5394

    private async Task Hire()
    {
        var digits = SeededUsers.Digits(Interlocked.Increment(ref hired));
        var filter = $"userName%20eq%20%22{SeededUsers.UserName(digits)}%22";
        await client.Send("look up", Get($"?filter={filter}&startIndex=1&count=100"));
        await client.Send("create", Write("POST", "", SeededUsers.Body(digits)));
    }

    /// <summary>Okta reads a user and sends back all of it, with what has changed.</summary>
    private async Task Update(int number)
    {
        var path = $"/{SeededUsers.Id(number)}";
        if (await client.Send("get", Get(path)) is not { } user)
            return;
        user["title"] = string.Create(CultureInfo.InvariantCulture, $"Head of {number} and {DateTime.UtcNow.Ticks}");
        await client.Send("replace", Write("PUT", path, user.ToJsonString()));
    }

    private async Task Leave(int number)
    {
        var path = $"/{SeededUsers.Id(number)}";
        await client.Send("deactivate", Write("PATCH", path, Requests.Activation("false")));
        await client.Send("reactivate", Write("PATCH", path, Requests.Activation("true")));
    }

    private async Task Import()
    {
        for (var (index, total) = (1, 1); index <= total; index += 100)
        {
            var page = await client.Send("page of an import", Get($"?startIndex={index}&count=100"));
            total = page?["totalResults"]?.GetValue<int>() ?? 0;
        }
    }

    private Request Get(string path) => new("GET", Users + path, client.Token);

    private Request Write(string method, string path, string body) =>
        new(method, Users + path, client.Token) { ContentType = Requests.ScimJson, Body = body };
}
