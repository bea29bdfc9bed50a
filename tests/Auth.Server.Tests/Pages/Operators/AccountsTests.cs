using System.Text.Json;
using Auth.Server.Accounts;
using Auth.Server.Credentials;
using Auth.Server.Pages.Operators;
using Auth.Server.Provisioning;
using Auth.Server.Tests.Connect;
using Shared.Contracts;
using WireMock.RequestBuilders;
using WireMock.ResponseBuilders;
using WireMock.Server;
using static Auth.Server.Tests.Pages.Operators.OperatorSignIn;

namespace Auth.Server.Tests.Pages.Operators;

/// <summary>What operators see and change of customers' accounts.</summary>
[Category("AnyDatabase")]
[Category("Slow")]
public sealed class AccountsTests
{
    private AuthServer server = null!;
    private Browser olga = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        server = await AuthServer.Start();
        (olga, _) = await server.SignInOperator();
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        olga.Dispose();
        await server.DisposeAsync();
    }

    [Test]
    public async Task Accounts_are_listed_by_name_page_by_page_and_none_is_left_out()
    {
        var names = Enumerable.Range(0, (2 * AccountDirectory.PageSize) + 1).Select(i => $"Paged {i:000}").ToList();
        foreach (var name in names)
            await server.CreateAccount(name);

        var listed = new List<string>();
        var page = await olga.Open("/operator?search=paged");
        while (true)
        {
            listed.AddRange(Names(page));
            if (page.Document.QuerySelector("a[rel=next]") is not { } next)
                break;
            page = await olga.Open(next.GetAttribute("href")!);
        }

        Assert.That(listed, Is.EqualTo(names));
    }

    [Test]
    public async Task An_account_is_found_by_its_name_id_domain_and_administrators()
    {
        var account = await server.CreateAccount(
            "Findable GmbH", new AccountChange(ScimEnabled: true, Domains: ["findable.example"]));
        await server.CreateAdministrator(account, "fiona@elsewhere.example");
        foreach (var search in new[]
        {
            "findABLE g", $"{account.Id}", "findable.example", "Fiona@elsewhere.example", " Findable GmbH ",
        })
        {
            var page = await olga.Open($"/operator?search={Uri.EscapeDataString(search)}");
            Assert.That(Names(page), Is.EqualTo(new[] { "Findable GmbH" }), search);
        }
        Assert.That((await olga.Open("/operator?search=nobody.example")).Text, Does.Contain("Nothing matches."));
    }

    [Test]
    public async Task What_needs_attention_is_shown_and_found()
    {
        await using var own = await AuthServer.Start();
        var revoked = await own.CreateAccount("Revoked");
        var set = (await own.Generate(revoked)).Set.Id;
        await own.With(async (CredentialSets sets) =>
        {
            await sets.Revoke(revoked.Id, set, "a test", CancellationToken.None);
            return true;
        });
        await own.CreateAccount("Disabled", new AccountChange());
        await own.CreateAccount("Suspended", new AccountChange(ScimEnabled: true, Suspended: true));
        await own.CreateAccount("New");
        await own.Generate(await own.CreateAccount("Old"));
        Assert.That(await Healths(), Is.EqualTo(new[]
        {
            "Disabled: Disabled", "New: ", "Old: ", "Revoked: Failing", "Suspended: Suspended",
        }));
        own.Time.Advance(TimeSpan.FromDays(7) + TimeSpan.FromSeconds(1));
        Assert.That(await Healths(), Does.Contain("Old: Silent"));
        own.Time.Advance(TimeSpan.FromDays(330));
        Assert.That(await Healths(), Does.Contain("Old: Expiring, Silent"));
        Assert.That(await Found(AccountHealth.Expiring), Is.EqualTo(new[] { "Old" }));
        Assert.That(await Found(AccountHealth.Failing), Is.EqualTo(new[] { "Revoked" }));
        own.Time.Advance(TimeSpan.FromDays(30));
        Assert.That(await Healths(), Does.Contain("Old: Failing"), "expired");

        async Task<IEnumerable<string>> Healths() =>
            (await List(null)).Accounts.Select(one => $"{one.Account.Name}: {string.Join(", ", one.Health)}");

        async Task<IEnumerable<string>> Found(AccountHealth health) =>
            (await List(health)).Accounts.Select(one => one.Account.Name);

        Task<AccountPage> List(AccountHealth? health) => own.With(
            (AccountDirectory directory) => directory.List(null, health, null, CancellationToken.None));
    }

    [Test]
    public async Task Full_accounts_are_shown_and_found_among_many_by_what_Scim_Api_counts()
    {
        using var scim = WireMockServer.Start();
        await using var own = await AuthServer.Start($"--Auth:ScimApiUrl={scim.Url}");
        using var introspection = await ResourceServer.Register(own);
        var licences = new AccountChange(Licences: new Dictionary<string, int> { ["portal"] = 3 });
        for (var i = 0; i < SeatsInUse.MaxAccounts; i++)
            await own.CreateAccount($"Account {i:000}", licences);
        var full = await own.CreateAccount("Last", licences);
        var free = await own.CreateAccount("Later", licences);
        Answer([Used(full, 3), Used(free, 2)]);
        var (browser, _) = await own.SignInOperator();
        using var olga = browser;

        var found = await olga.Open("/operator?health=Full");
        Assert.That(Names(found), Is.EqualTo(new[] { "Last" }));
        Assert.That(found.Text, Does.Contain("Seats full").And.Contain("portal 3 of 3"));
        Assert.That(
            scim.LogEntries.Select(entry => entry.RequestMessage!.Query!["account"].Count),
            Is.EqualTo(new[] { SeatsInUse.MaxAccounts, 2 }));
        var listed = await olga.Open("/operator?search=la");
        Assert.That(listed.Document.QuerySelectorAll("tbody td[data-label=Seats]").Select(Page.TextOf), Is.EqualTo(new[]
        {
            "portal 3 of 3", "portal 2 of 3",
        }));
        Assert.That(
            (await olga.Open(AccountModel.AddressOf(free.Id))).Document.QuerySelectorAll("dl.facts dd")
                .Select(Page.TextOf),
            Does.Contain("portal 2 of 3"));

        var token = await introspection.Introspect(
            scim.LogEntries[^1].RequestMessage!.Headers!["Authorization"][0]["Bearer ".Length..]);
        Assert.That((token.Scope, token.Account!.Id), Is.EqualTo((Scopes.CountSeats, free.Id)));
        Assert.That(token.ExpiresIn, Is.LessThanOrEqualTo(60));

        scim.Stop();
        var unknown = await olga.Open("/operator?health=Full");
        Assert.That(unknown.Text, Does.Contain("Scim.Api cannot be reached"));
        Assert.That(Names(unknown), Is.Empty);
        Assert.That((await olga.Open("/operator?search=la")).Text, Does.Contain("portal 3").And.Not.Contain("of 3"));

        void Answer(SeatsInUse[] seats) => scim
            .Given(Request.Create().WithPath("/portal/seats-in-use").UsingGet())
            .RespondWith(Response.Create().WithHeader("Content-Type", "application/json")
                .WithBody(JsonSerializer.Serialize(seats)));

        SeatsInUse Used(Account account, int used) => new()
        {
            Account = account.Id, Product = "portal", Used = used,
        };
    }

    [Test]
    public async Task A_change_has_a_reason_and_the_customer_reads_who_made_it_and_why()
    {
        var account = await server.CreateAccount("Changed AG");
        await server.CreateAdministrator(account, "carl@example.com");
        var page = await olga.Open(AccountModel.AddressOf(account.Id));

        var refused = await olga.Submit(page, "Change the account", ("form.suspended", "true"));
        Assert.That(refused.Status, Is.EqualTo(400));
        Assert.That(refused.Text, Does.Contain("Give a reason"));
        Assert.That((await Reload(account)).Suspended, Is.False);
        var unchanged = await olga.Submit(page, "Change the account", ("reason", "none"));
        Assert.That(unchanged.Text, Does.Contain("You have changed nothing."));
        var changed = await olga.Follow(await olga.Submit(
            page, "Change the account", ("form.licences", "portal=250\r\ninsights=5"), ("form.domains", "changed.example"),
            ("form.rateLimit", ""), ("reason", "A new contract")));

        Assert.That(changed.Text, Does.Contain(
            "Changed AG was changed: domains changed.example; licence portal=250; licence insights=5; rate limit none."));
        var now = await Reload(account);
        Assert.That(now.Licences.Select(one => (one.Product, one.Seats)), Is.EquivalentTo(new[]
        {
            ("portal", 250), ("insights", 5),
        }));
        Assert.That((now.ScimEnabled, now.RateLimit, now.Domains.Single()), Is.EqualTo((true, (int?)null, "changed.example")));
        using var carl = await Browser.SignedIn(server, "carl@example.com");
        Assert.That(
            (await carl.Open("/settings/audit-log?topic=Account")).Document.QuerySelectorAll("tbody th")
                .Select(Page.TextOf),
            Does.Contain(
                $"SciLeads ({Olga}) changed the settings of the account. Reason: A new contract. domains changed.example; "
                + "licence portal=250; licence insights=5; rate limit none"));
    }

    [Test]
    public async Task A_form_that_was_open_for_long_changes_only_what_its_operator_has_changed()
    {
        var account = await server.CreateAccount("Two tabs");
        var old = await olga.Open(AccountModel.AddressOf(account.Id));
        await server.With<AccountRegister, Account>(
            accounts => accounts.Update(account.Id, new(Suspended: true, RateLimit: 50), CancellationToken.None));

        await olga.Submit(old, "Change the account", ("form.domains", "tabs.example"), ("reason", "Two tabs"));

        var now = await Reload(account);
        Assert.That((now.Suspended, now.RateLimit, now.Domains.Single()), Is.EqualTo((true, 50, "tabs.example")));
    }

    [TestCase("form.licences", "portal", "is not a valid licence")]
    [TestCase("form.rateLimit", "many", "is not a valid rate limit")]
    [TestCase("form.rateLimit", "3", "A rate limit must be from 25")]
    [TestCase("form.domains", "not_a domain", "is not a valid e-mail domain")]
    [TestCase("shown", "{", "This form was out of date.")]
    public async Task A_value_that_is_wrong_is_refused_and_kept_in_the_form(string field, string value, string sentence)
    {
        var account = await server.CreateAccount($"Wrong {field} {value}");
        var page = await olga.Open(AccountModel.AddressOf(account.Id));

        var refused = await olga.Submit(page, "Change the account", (field, value), ("reason", "A test"));

        Assert.That(refused.Status, Is.EqualTo(400));
        Assert.That(Page.TextOf(refused.Document.QuerySelector("#errors")!), Does.Contain(sentence));
        Assert.That(refused.Document.QuerySelector($"[name='{field}']")!.OuterHtml, Does.Contain(value));
    }

    [Test]
    public async Task Ten_minutes_after_the_sign_in_a_change_requires_the_password_again()
    {
        await using var own = await AuthServer.Start();
        var account = await own.CreateAccount();
        var (browser, _) = await own.SignInOperator();
        using (browser)
        {
            var page = await browser.Open(AccountModel.AddressOf(account.Id));
            own.Time.Advance(TimeSpan.FromMinutes(10));
            var asked = await browser.Submit(page, "Change the account", ("form.suspended", "true"), ("reason", "Late"));
            Assert.That(asked.Location, Does.StartWith("/operator/security/confirm?"));
            var confirmed = await browser.Submit(
                await browser.Follow(asked), "Confirm", ("password", AuthServer.Password));
            Assert.That(confirmed.Location, Is.EqualTo(AccountModel.AddressOf(account.Id)));
        }
    }

    private static IEnumerable<string> Names(Page page) =>
        page.Document.QuerySelectorAll("tbody th a").Select(Page.TextOf);

    private Task<Account> Reload(Account account) => server.With<AccountRegister, Account>(
        accounts => accounts.Get(account.Id, CancellationToken.None));
}
