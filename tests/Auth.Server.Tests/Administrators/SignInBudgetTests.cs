using System.Net;
using Auth.Server.Administrators;

namespace Auth.Server.Tests.Administrators;

public sealed class SignInBudgetTests
{
    [TestCase(1, 0)]
    [TestCase(4, 0)]
    [TestCase(5, 5)]
    [TestCase(6, 10)]
    [TestCase(10, 160)]
    [TestCase(13, 900)]
    [TestCase(100_000, 900)]
    public void The_wait_doubles_from_the_fifth_failure_to_fifteen_minutes(int failures, int seconds) =>
        Assert.That(InUnknownBrowser("ada@example.com")[0].WaitAfter(failures), Is.EqualTo(TimeSpan.FromSeconds(seconds)));

    [Test]
    public void Letter_case_and_spaces_of_an_address_do_not_matter() =>
        Assert.That(
            InUnknownBrowser(" Admin@Demo.example ").Select(one => one.Key),
            Is.EqualTo(InUnknownBrowser("admin@demo.EXAMPLE").Select(one => one.Key)));

    [Test]
    public void Failures_of_an_address_at_one_site_are_neither_counted_nor_reset_at_the_other()
    {
        var atConsole = SignInBudget.ForPassword(
            "ada@example.com", administrator: null, new Visitor { Site = Site.Console });
        Assert.That(
            atConsole.Select(one => one.Key).Intersect(InUnknownBrowser("ada@example.com").Select(one => one.Key)),
            Is.EqualTo(atConsole.Where(one => one.Scope == BudgetScope.Network).Select(one => one.Key)));
    }

    [TestCase("192.0.2.1", "192.0.2.1", true)]
    [TestCase("192.0.2.1", "192.0.2.2", false)]
    [TestCase("::ffff:192.0.2.1", "192.0.2.1", true)]
    [TestCase("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true)]
    [TestCase("2001:db8:0:1::1", "2001:db8:0:2::1", false)]
    public void A_network_is_an_IPv4_address_or_an_IPv6_prefix_of_64_bits(string one, string other, bool same) =>
        Assert.That(
            new Visitor(IPAddress.Parse(one)).Network == new Visitor(IPAddress.Parse(other)).Network, Is.EqualTo(same));

    [TestCase("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Windows")]
    [TestCase("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36", "Chrome on Linux")]
    [TestCase("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0", "Edge on Windows")]
    [TestCase("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15", "Safari on macOS")]
    [TestCase("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0 Mobile/15E148 Safari/604.1", "Chrome on iOS")]
    [TestCase("curl/8.0", "Another program")]
    [TestCase("", "Another program")]
    public void A_User_Agent_is_described_for_people(string userAgent, string name) =>
        Assert.That(Visitor.Describe(userAgent), Is.EqualTo(name));

    private static SignInBudget[] InUnknownBrowser(string email) =>
        SignInBudget.ForPassword(email, administrator: null, new Visitor());
}
