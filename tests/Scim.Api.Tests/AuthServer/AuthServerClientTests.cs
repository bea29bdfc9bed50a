using Microsoft.Extensions.DependencyInjection;
using Scim.Api.AuthServer;
using Shared.Contracts;
using Shared.Hosting;
using WireMock.ResponseBuilders;

namespace Scim.Api.Tests.AuthServer;

[NonParallelizable]
[Category("Slow")]
[Category("AnyDatabase")]
public sealed class AuthServerClientTests
{
    private ScimServer server = null!;

    private TestAuthServer AuthServer => server.AuthServer;

    [OneTimeSetUp]
    public async Task Start() => server = await ScimServer.Start();

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [TearDown]
    public void Recover() => AuthServer.Recover();

    [Test]
    public async Task An_account_is_read_with_a_token_for_reading_accounts()
    {
        var account = new TestAccount();
        account.Policy = account.Policy with { Domains = ["example.com"] };
        AuthServer.IssueToken(account);
        var policy = await Get(account.Id);

        var form = AuthServer.LastForm(AuthServerPaths.Token);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(policy.Domains, Is.EqualTo(new[] { "example.com" }));
            Assert.That(form["grant_type"].ToString(), Is.EqualTo("client_credentials"));
            Assert.That(form["scope"].ToString(), Is.EqualTo(Scopes.ReadAccounts));
            Assert.That(form["client_assertion"].ToString(), Is.Not.Empty);
        }
    }

    [Test]
    public void The_error_names_an_unknown_account() =>
        Fails($"There is no account {Guid.Empty}.");

    [TestCase(AuthServerPaths.Token, 401, "register them")]
    [TestCase(AuthServerPaths.Token, 400, "register them")]
    [TestCase(AuthServerPaths.Token, 500, "answered 500")]
    [TestCase(AuthServerPaths.Accounts + "/*", 403, "does not allow Scim.Api to read accounts")]
    [TestCase(AuthServerPaths.Accounts + "/*", 503, "answered 503")]
    public void A_failure_is_reported_in_one_sentence(string path, int status, string sentence)
    {
        AuthServer.Fail(path, Response.Create().WithStatusCode(status));
        Fails(sentence);
    }

    [Test]
    public void A_refused_connection_is_reported_in_one_sentence()
    {
        AuthServer.Pause();
        Fails("cannot be reached");
        AuthServer.Resume();
    }

    private void Fails(string sentence) =>
        Assert.That(() => Get(Guid.Empty), Throws.TypeOf<OperatorException>().With.Message.Contains(sentence));

    private Task<AccountPolicy> Get(Guid id) =>
        server.Services.GetRequiredService<AuthServerClient>().GetAccount(id, CancellationToken.None);
}
