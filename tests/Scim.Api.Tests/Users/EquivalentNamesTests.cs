using System.Net;
using Shared.Contracts;

namespace Scim.Api.Tests.Users;

/// <summary>Names that RFC 8265 (UsernameCaseMapped) compares as equal, over HTTP (RFC 7644 §5).</summary>
[Parallelizable]
[Category("Slow")]
internal sealed class EquivalentNamesTests
{
    // The stored name, and the requested one.
    private static readonly string[][] names =
    [
        ["josé", "jose\u0301"],
        ["jose\u0301", "JOSÉ"],
        ["ａｎｎ", "Ann"],
        ["Ann", "ＡＮＮ"],
        ["ﾀﾅｶ", "タナカ"],
        ["ガ", "ｶﾞ"],
        ["한글", "\u1112\u1161\u11AB\u1100\u1173\u11AF"],
        ["\u1112\u1161\u11AB", "한"],
        ["a\u0323\u0307", "a\u0307\u0323"],
        ["\u212Bsa", "A\u030ASA"],
        ["ΣΊΣΥΦΟΣ", "σίσυφος"],
    ];

    private static readonly string[] ruleSets = [AttributeRuleSets.Guide, AttributeRuleSets.Rfc];

    private ScimServer server = null!;

    [OneTimeSetUp]
    public async Task Start() => server = await ScimServer.Start();

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [Test]
    public async Task Equivalent_names_are_one_user(
        [ValueSource(nameof(names))] string[] name, [ValueSource(nameof(ruleSets))] string rules)
    {
        var account = new TestAccount();
        account.Policy = account.Policy with { AttributeRules = rules };
        using var client = server.ClientOf(account);
        var (stored, asked) = (name[0], name[1]);
        var user = await client.CreateUser(
            $"{stored}@example.com",
            $$""","nickName":"{{stored}}","emails":[{"value":"{{stored}}@example.com","type":"work"}]""");
        var second = await client.Post("Users", Requests.NewUser($"{asked}@example.com"));
        string[] filters =
        [
            $"userName eq \"{asked}@example.com\"",
            $"userName sw \"{asked}\"",
            $"userName co \"{asked}\"",
            $"emails.value eq \"{asked}@example.com\"",
            $"emails[type eq \"ＷＯＲＫ\" and value eq \"{asked}@example.com\"]",
            $"emails[value sw \"{asked}\"]",
            $"nickName eq \"{asked}\"",
            $"nickName ge \"{asked}\" and nickName le \"{asked}\"",
        ];
        using (Assert.EnterMultipleScope())
        {
            Assert.That((string?)user["userName"], Is.EqualTo($"{stored}@example.com"), "it is kept as it was sent");
            Assert.That((second.Status, second.ScimType), Is.EqualTo((HttpStatusCode.Conflict, "uniqueness")));
            foreach (var filter in filters)
            {
                var found = await client.Get($"Users?filter={Uri.EscapeDataString(filter)}");
                Assert.That((int?)found["totalResults"], Is.EqualTo(1), filter);
            }
            var respelled = await client.Patch(
                $"Users/{user.Id()}", $$"""{"op":"replace","path":"userName","value":"{{asked}}@example.com"}""");
            Assert.That((string?)respelled["userName"], Is.EqualTo($"{asked}@example.com"), "its own other spelling");
        }
    }

    [Test]
    public async Task A_work_email_belongs_to_one_user_in_every_spelling([ValueSource(nameof(names))] string[] name)
    {
        using var client = server.ClientOf(new TestAccount());
        await client.CreateUser("a@example.com", $$""","emails":[{"value":"{{name[0]}}@example.com","type":"work"}]""");
        foreach (var type in new[] { "work", "ＷＯＲＫ", "wor\u212A" })
        {
            var second = await client.Post(
                "Users",
                Requests.NewUser("b@example.com", $$""","emails":[{"value":"{{name[1]}}@example.com","type":"{{type}}"}]"""));
            Assert.That(second.Status, Is.EqualTo(HttpStatusCode.Conflict), type);
        }
    }

    [Test]
    public async Task They_are_sorted_together()
    {
        using var client = server.ClientOf(new TestAccount());
        foreach (var (name, nick) in new[] { ("a", "ｂ2"), ("b", "B1"), ("c", "e\u0301"), ("d", "É0"), ("e", "ﾀ") })
            await client.CreateUser($"{name}@example.com", $",\"nickName\":\"{nick}\"");
        var sorted = (await client.Get("Users?sortBy=nickName"))["Resources"]!.AsArray();
        Assert.That(sorted.Select(user => (string)user!["userName"]!), Is.EqualTo(
            new[] { "b@example.com", "a@example.com", "c@example.com", "d@example.com", "e@example.com" }));
    }

    [TestCase("bücher.example", "ann@BU\u0308CHER.example")]
    [TestCase("bücher.example", "ann@xn--bcher-kva.example")]
    [TestCase("xn--bcher-kva.example", "ann@bücher.example")]
    [TestCase("xn--bcher-kva.example", "ann@XN--BCHER-KVA.example")]
    [TestCase("ガ.example", "ann@ｶﾞ.example")]
    [TestCase("example.com", "ann@ｅｘａｍｐｌｅ.com")]
    public async Task A_domain_is_allowed_in_every_spelling(string allowed, string userName)
    {
        var account = new TestAccount();
        account.Policy = account.Policy with { Domains = [allowed] };
        using var client = server.ClientOf(account);
        await client.CreateUser(userName);
    }

    [TestCase("ann@bu\u0308cher.example", "bücher.example, which is not allowed")]
    [TestCase("ann@xn--bcher-kva.example", "bücher.example, which is not allowed")]
    [TestCase("ann＠example.com", "must be an e-mail address", Description = "a wide @")]
    [TestCase("ann@example．com", "must be an e-mail address", Description = "a wide dot")]
    [TestCase("ann@example｡com.example.com", "must be an e-mail address", Description = "a dot to some")]
    [TestCase("a＠b@example.com", "must be an e-mail address")]
    [TestCase("a．@example.com", "must be an e-mail address")]
    [TestCase("（ann）@example.com", "must be an e-mail address", Description = "parentheses are no atoms")]
    public async Task Another_width_does_not_bypass_the_rules(string userName, string reason)
    {
        var account = new TestAccount();
        account.Policy = account.Policy with { Domains = ["example.com"] };
        using var client = server.ClientOf(account);
        Assert.That((await client.Post("Users", Requests.NewUser(userName))).Detail, Does.Contain(reason));
    }

    [TestCase("ann＠other.org")]
    [TestCase("ann@other．org")]
    public async Task Another_width_does_not_bypass_the_rules_under_rfc(string userName)
    {
        var account = new TestAccount();
        account.Policy = account.Policy with { Domains = ["example.com"], AttributeRules = AttributeRuleSets.Rfc };
        using var client = server.ClientOf(account);
        Assert.That(
            (await client.Post("Users", Requests.NewUser(userName))).Detail,
            Does.Contain("other.org, which is not allowed"));
    }
}
