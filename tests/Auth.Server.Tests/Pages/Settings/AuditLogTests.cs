using Auth.Server.Accounts;
using Auth.Server.Audit;
using Auth.Server.Tests.Connect;

namespace Auth.Server.Tests.Pages.Settings;

/// <summary>The audit log: filters, pages and the file.</summary>
[Category("Slow")]
public sealed class AuditLogTests
{
    private const string Path = "/settings/audit-log";

    // Pages of 50, 50 and 20 entries of somebody who is an administrator no more.
    private const int Left = 120;

    private AuthServer server = null!;
    private Browser ada = null!;
    private string lastFour = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        server = await AuthServer.Start();
        var account = await server.CreateAccount();
        var old = server.Time.GetUtcNow().UtcDateTime.AddDays(-3);
        await Save(Enumerable.Range(0, Left).Select(number => Entry(
            account, old, ActorKind.Administrator, "Left@Example.com", AuditAction.CheckCredentials, $"entry {number},")));
        await Save([Entry(account, old, ActorKind.Operator, "staffwoman", AuditAction.ShowAccount, "by a command")]);
        await Save(
        [
            Entry(account, old, ActorKind.Client, "Vault (management-1)", AuditAction.RemoveManagementClient, null),
        ]);
        await Save([Entry(
            await server.CreateAccount("Other"), old, ActorKind.Administrator, "left@example.com",
            AuditAction.CheckCredentials, "of another account")]);
        await server.CreateAdministrator(account);
        var issued = await server.Generate(account);
        lastFour = issued.Set.LastFour;
        ada = await Browser.SignedIn(server);
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        ada.Dispose();
        await server.DisposeAsync();
    }

    [Test]
    public async Task Pages_lead_to_the_oldest_entry_and_back_and_keep_the_filters()
    {
        var first = await ada.Open($"{Path}?by=left%40example.com");
        var second = await Follow(first, "next");
        var third = await Follow(second, "next");
        Assert.That(first.Document.QuerySelector("a[rel=prev], a[rel=first]"), Is.Null);
        Assert.That(third.Document.QuerySelector("a[rel=next]"), Is.Null);
        var numbers = new[] { first, second, third }.SelectMany(Numbers).ToList();
        Assert.That(numbers, Is.EqualTo(Enumerable.Range(0, Left).Reverse()));

        var back = await Follow(third, "prev");
        Assert.That(Numbers(back), Is.EqualTo(Numbers(second)));
        var newest = await Follow(back, "prev");
        Assert.That(Numbers(newest), Is.EqualTo(Numbers(first)));
        Assert.That(newest.Document.QuerySelector("a[rel=prev]"), Is.Null, "there is nothing before it");
        Assert.That(Numbers(await Follow(third, "first")), Is.EqualTo(Numbers(first)));
    }

    [TestCase("by=left", Left)]
    [TestCase("by=LEFT%40EXAMPLE.COM", Left)]
    [TestCase("by=vault", 1)]
    [TestCase("by=staffwoman", 0)]
    [TestCase("search=staffwoman", 0)]
    [TestCase("by=scileads&search=by+a+command", 1)]
    [TestCase("search=ENTRY+7%2C", 1)]
    [TestCase("search=another+account", 0)]
    [TestCase("topic=Management+clients", 1)]
    [TestCase("topic=Signing+in&outcome=Done", 1)]
    [TestCase("topic=Signing+in&outcome=Refused", 0)]
    [TestCase("topic=People", 0)]
    [TestCase("topic=nonsense", 0)]
    [TestCase("search=0%25&by=left", 0)]
    public async Task Filters_are_in_the_address_and_limit_the_file_as_well(string filters, int count)
    {
        var page = await ada.Open($"{Path}?{filters}");
        Assert.That(page.Document.QuerySelectorAll("tbody tr"), Has.Length.EqualTo(Math.Min(count, 50)));
        if (count == 0)
            Assert.That(page.Text, Does.Contain("Nothing matches."));

        var csv = await ada.Open(page.Document.QuerySelector("a[href*='handler=Csv']")!.GetAttribute("href")!);
        Assert.That(csv.Html.Trim().Split("\r\n"), Has.Length.EqualTo(count + 1));
        Assert.That(csv.Html, Does.StartWith(
            "\ufefftime,what,action,outcome,by,about,detail,address,userAgent,id").Or.StartWith("time,what,action,"));
    }

    [Test]
    public async Task Credentials_are_found_by_their_name()
    {
        var page = await ada.Open($"{Path}?search=ending+in+{lastFour}");
        Assert.That(
            page.Document.QuerySelectorAll("tbody th").Select(Page.TextOf),
            Is.EqualTo(new[] { $"A test generated the API token ending in {lastFour}." }));
    }

    [Test]
    public async Task Days_are_inclusive_and_a_wrong_one_is_refused()
    {
        var (today, then) = (server.Time.GetUtcNow(), server.Time.GetUtcNow().AddDays(-3));
        var before = await ada.Open($"{Path}?from={then:yyyy-MM-dd}&to={then:yyyy-MM-dd}&by=vault");
        var after = await ada.Open($"{Path}?from={then.AddDays(1):yyyy-MM-dd}&to={today:yyyy-MM-dd}");
        Assert.That(before.Document.QuerySelectorAll("tbody tr"), Has.Length.EqualTo(1));
        Assert.That(after.Text, Does.Contain("ada@example.com signed in.").And.Not.Contain("Vault"));

        var refused = await ada.Open($"{Path}?from=yesterday");
        Assert.That(refused.Status, Is.EqualTo(400));
        Assert.That(refused.Text, Does.Contain("\"yesterday\" is not a date."));
    }

    [Test]
    public async Task Former_administrators_and_removed_clients_keep_their_names()
    {
        var page = await ada.Open($"{Path}?by=vault");
        Assert.That(page.Text, Does.Contain("The management client Vault removed a management client."));

        using var keys = await ResourceServer.Register(server);
        const string clients = "/settings/management-clients";
        var added = await ada.Follow(await ada.Submit(
            await ada.Open(clients), "Add client", ("name", "Rotation"), ("jwks", keys.Jwks)));
        await ada.Submit(added, "Remove Rotation");

        var sentences = (await ada.Open($"{Path}?search=rotation")).Document.QuerySelectorAll("tbody th")
            .Select(Page.TextOf).ToList();
        Assert.That(sentences[0], Does.StartWith("ada@example.com removed the management client Rotation."));
        Assert.That(sentences[1], Does.StartWith("ada@example.com added the management client Rotation."));
        Assert.That(sentences, Has.None.Contain("management-"));
    }

    private static IEnumerable<int> Numbers(Page page) => page.Document.QuerySelectorAll("tbody th .line")
        .Select(line => int.Parse(Page.TextOf(line).Split(' ')[1].TrimEnd(',')));

    private Task<Page> Follow(Page page, string rel) =>
        ada.Open(page.Document.QuerySelector($"a[rel={rel}]")!.GetAttribute("href")!);

    private static AuditEntry Entry(
        Account account, DateTime time, ActorKind kind, string name, AuditAction action, string? detail) => new()
        {
            Time = time,
            AccountId = account.Id,
            ActorKind = kind,
            ActorName = name,
            Action = action,
            Detail = detail,
        };

    private Task<bool> Save(IEnumerable<AuditEntry> entries) => server.With<AuditTrail, bool>(async audit =>
    {
        await audit.Save([.. entries]);
        return true;
    });
}
