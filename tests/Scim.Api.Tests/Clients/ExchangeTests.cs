using System.Text.Json.Nodes;
using Conformance;
using Shared.Contracts;

namespace Scim.Api.Tests.Clients;

/// <summary>
/// Requests of real clients and the responses that they need, as files (see <see cref="Exchange"/>).
/// <c>tests/conformance.sh</c> sends the same files to any server. Each has an account of its own.
/// </summary>
[Parallelizable]
[Category("Slow")]
internal sealed class ExchangeTests
{
    private const string Domain = "example.com";

    /// <summary>The life cycle of every client: the first words of its steps.</summary>
    private static readonly string[] life =
        ["connect", "create", "link", "update", "clear", "deactivate", "reactivate", "read", "list", "refuse"];

    private ScimServer server = null!;

    private static IEnumerable<TestCaseData> Exchanges =>
        Exchange.All.Select(exchange => new TestCaseData(exchange).SetArgDisplayNames(exchange.ToString()));

    [OneTimeSetUp]
    public async Task Start() => server = await ScimServer.Start();

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [TestCaseSource(nameof(Exchanges))]
    public async Task The_client_gets_the_expected_response(Exchange exchange)
    {
        var names = new Names(Domain);
        var token = server.AuthServer.IssueToken(AccountFor(exchange, names));
        using var connection = new Connection(server.Url + "/scim/v2", "Bearer " + token);
        var walk = new Walk(exchange, connection, new People(connection, names), names, exact: true);

        var verdicts = new List<Verdict>();
        await foreach (var verdict in walk.Run(CancellationToken.None))
            verdicts.Add(verdict);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(verdicts.Where(verdict => !verdict.Passed), Is.Empty);
            Assert.That(verdicts, Has.Count.EqualTo(exchange.Steps.Count()));
        }
    }

    [TestCase("okta")]
    [TestCase("entra")]
    [TestCase("onelogin")]
    [TestCase("jumpcloud")]
    [TestCase("ping")]
    [TestCase("google")]
    [TestCase("authentik")]
    public void The_exchanges_cover_the_whole_life_cycle(string client)
    {
        var steps = Exchange.All.Where(exchange => exchange.Client == client).SelectMany(exchange => exchange.Steps);
        Assert.That(steps.Select(step => step.Title.Split(' ', ':')[0]).Distinct(), Is.SupersetOf(life));
    }

    [TestCaseSource(nameof(Exchanges))]
    public void Created_users_do_not_collide(Exchange exchange)
    {
        var made = exchange.Users.Concat(exchange.Steps.Select(step => step.Body).OfType<JsonObject>())
            .Select(body => (string?)body["userName"]).OfType<string>();
        Assert.That(made, Is.All.Contains("{tag}").IgnoreCase);
    }

    private static TestAccount AccountFor(Exchange exchange, Names names)
    {
        var account = new TestAccount();
        account.Policy = account.Policy with
        {
            AttributeRules = (string?)exchange.Given?["rules"] ?? AttributeRuleSets.Guide,
            Domains = [.. exchange.Given?["domains"]?.AsArray().Select(domain => names.Fill((string)domain!)) ?? []],
            Licences = exchange.Given?["seats"] is { } seats
                ? [new() { Product = "portal", Seats = (int)seats, GivenToNewUsers = true }]
                : [],
        };
        return account;
    }
}
