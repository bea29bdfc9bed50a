using System.Reflection;
using Conformance;
using Scim.Api.Tests.Admission;
using Scim.Api.Tests.Provisioning;
using Scim.Api.Tests.Users;

namespace Scim.Api.Tests.Clients;

/// <summary>
/// Known problems of SCIM servers with real clients, C1 to C30, and the tests that show that this server does not have
/// them. The exchanges are run by <see cref="ExchangeTests"/>.
/// </summary>
[Parallelizable]
internal sealed class PainPointTests
{
    private static readonly Dictionary<int, string> aboutOthers = new()
    {
        [16] = "Huge groups time out: there are no groups.",
        [18] = "One unknown member of a group refuses them all: there are no groups.",
        [29] = "Sessions outlive a deactivation: people sign in elsewhere, which asks whether they are active.",
    };

    private static IEnumerable<string> Exchanges =>
        Exchange.All.Where(exchange => exchange.Client == "painpoints").Select(exchange => exchange.Name);

    [TestCase(1, "c01-replace-without-path", Description = "replace {active:false} without a path is ignored")]
    [TestCase(2, "c02-false-is-a-value", Description = "false is treated as blank")]
    [TestCase(3, "c03-booleans-as-text", Description = "\"False\" and \"True\" are not understood")]
    [TestCase(4, "c04-capital-operations", Description = "Add and Replace are not understood")]
    [TestCase(5, "c05-no-work-email", Description = "emails[type eq \"work\"].value without a work e-mail is refused")]
    [TestCase(5, "c05-nobody-there", Description = "a value that is gone is created again")]
    [TestCase(6, "c06-remove-some", Description = "remove with a value removes everything")]
    [TestCase(7, "c07-echoes-and-nulls", Description = "an echoed id, or a null, is refused")]
    [TestCase(8, "c08-empty-list", Description = "an empty list does not clear")]
    [TestCase(9, "c09-letter-case", Description = "letter case makes duplicates, or is lost")]
    [TestCase(9, "c09-work-email-is-unique", Description = "two people have one e-mail")]
    [TestCase(10, "c10-manager", Description = "the manager as a string, a list or \"\" is refused")]
    [TestCase(11, "c11-names-that-are-paths", Description = "dotted and URN names in a value are lost")]
    [TestCase(12, "c12-urns", Description = "the dot in 2.0 is read as a sub-attribute")]
    [TestCase(13, "c13-media-types", Description = "a media type is refused")]
    [TestCase(14, "c14-paging", Description = "pages are unstable, or refused at their ends")]
    [TestCase(17, "c17-reactivation", Description = "a deactivated user cannot be reactivated")]
    [TestCase(19, "c19-filters", Description = "filters are cut at spaces and quotes")]
    [TestCase(20, "c20-fail-closed", Description = "an unsupported filter returns everybody")]
    [TestCase(21, "c21-external-id", Description = "externalId is neither found nor changed")]
    [TestCase(22, "c22-user-name", Description = "a new userName without a path is lost")]
    [TestCase(23, "c23-put", Description = "a PUT without active deactivates")]
    [TestCase(27, "c27-one-primary", Description = "two values are primary")]
    [TestCase(28, "c28-own-value", Description = "a user's own userName is a conflict")]
    [TestCase(30, "c30-name-is-free", Description = "a deleted user keeps the name")]
    public void An_exchange_shows(int number, string name) =>
        Assert.That(Exchanges, Has.Member(name).And.Some.StartsWith($"c{number:00}"));

    [TestCase(15, typeof(PainPointTests), nameof(A_page_of_a_hundred_has_a_hundred_users))]
    [TestCase(24, typeof(UsersTests), nameof(UsersTests.Another_account_neither_sees_nor_changes_a_user))]
    [TestCase(25, typeof(ProductRulesTests), nameof(ProductRulesTests.A_userName_is_an_address_on_an_allowed_domain))]
    [TestCase(
        26,
        typeof(AuthorizationHeaderTests),
        nameof(AuthorizationHeaderTests.A_malformed_header_is_refused_with_the_remedy))]
    public void A_test_shows(int number, Type suite, string name)
    {
        var attributes = suite.GetMethod(name)!.GetCustomAttributes();
        Assert.That(attributes.Where(one => one is TestAttribute or TestCaseAttribute), Is.Not.Empty, $"C{number}");
    }

    [Test]
    public void All_thirty_are_covered()
    {
        var shown = new[] { nameof(An_exchange_shows), nameof(A_test_shows) }
            .SelectMany(table => GetType().GetMethod(table)!.GetCustomAttributes<TestCaseAttribute>()).ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                shown.Select(row => (int)row.Arguments[0]!).Concat(aboutOthers.Keys).Distinct().Order(),
                Is.EqualTo(Enumerable.Range(1, 30)));
            Assert.That(Exchanges, Is.SubsetOf(shown.Select(row => row.Arguments[1]).OfType<string>()));
        }
    }

    [Test]
    public async Task A_page_of_a_hundred_has_a_hundred_users()
    {
        await using var server = await ScimServer.Start();
        using var client = server.ClientOf(new TestAccount());
        for (var i = 0; i < 101; i++)
            await client.CreateUser($"user{i}@example.com");

        var first = await client.Get("Users?startIndex=1&count=100");
        var second = await client.Get("Users?startIndex=101&count=100");

        using (Assert.EnterMultipleScope())
        {
            Assert.That((int)first["itemsPerPage"]!, Is.EqualTo(100));
            Assert.That((int)second["itemsPerPage"]!, Is.EqualTo(1));
            Assert.That(
                first["Resources"]!.AsArray().Concat(second["Resources"]!.AsArray())
                    .Select(user => (string)user!["id"]!).Distinct().Count(),
                Is.EqualTo(101));
        }
    }
}
