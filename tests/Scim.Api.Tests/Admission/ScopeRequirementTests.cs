using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Shared.Contracts;

namespace Scim.Api.Tests.Admission;

[Parallelizable]
public sealed class RuleTests
{
    private ScimServer server = null!;

    [OneTimeSetUp]
    public async Task Start() => server = await ScimServer.Start(map: Probe.Map);

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [TestCase(null)]
    [TestCase("")]
    [TestCase("SCIM")]
    [TestCase("scim.read")]
    [TestCase("portal accounts.read")]
    [Description("RFC 6750 §3.1")]
    [Category("Check 47")]
    public async Task SCIM_requires_its_scope(string? scope)
    {
        var account = new TestAccount();
        using var response = await Get("/scim/v2/probe", account.Answer() with { Scope = scope });
        var error = await SentError.Of(response);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error.Status, Is.EqualTo(HttpStatusCode.Forbidden));
            Assert.That(
                $"{response.Headers.WwwAuthenticate}",
                Does.Contain("error=\"insufficient_scope\"").And.Contain("scope=\"scim\""));
        }
    }

    [Test]
    public async Task One_scope_among_others_is_enough()
    {
        using var response = await Get("/scim/v2/probe", new TestAccount().Answer("openid scim offline_access"));
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task Without_SCIM_the_error_says_whom_to_ask()
    {
        var account = new TestAccount();
        account.Policy = account.Policy with { ScimEnabled = false };
        using var response = await Get("/scim/v2/probe", account.Answer());
        var error = await SentError.Of(response);
        Assert.That(error.Status, Is.EqualTo(HttpStatusCode.Forbidden));
        Assert.That(error.Detail, Is.EqualTo("SCIM is not enabled for Acme. Please write to support@scileads.com."));
    }

    [Test]
    public async Task A_suspended_account_is_told_whom_to_ask()
    {
        var account = new TestAccount();
        account.Policy = account.Policy with { Suspended = true };
        using var scim = await Get("/scim/v2/probe", account.Answer());
        Assert.That((await SentError.Of(scim)).Detail, Does.Contain("suspended").And.Contain("support@scileads.com"));
    }

    [Test]
    public async Task The_portal_of_a_suspended_account_is_read_only()
    {
        var account = new TestAccount();
        account.Policy = account.Policy with { Suspended = true };
        using var portal = server.ClientWith("Bearer " + server.AuthServer.IssuePortalToken(account));

        var (read, written) = (await portal.GetAsync("/portal/probe"), await portal.Post("/portal/probe", "{}"));
        var head = await portal.Send("HEAD", "/portal/probe");

        Assert.That(await read.Content.ReadAsStringAsync(), Is.EqualTo("admin@example.com"));
        Assert.That(head.Status, Is.EqualTo(HttpStatusCode.OK));
        Assert.That(written.Status, Is.EqualTo(HttpStatusCode.Forbidden));
        Assert.That(written.Detail, Does.Contain("suspended").And.Contain("support@scileads.com"));
        Assert.That(await Probe.HasWritten(server, account), Is.False);
    }

    [TestCase("scim")]
    [TestCase("portal", Description = "A credential set's token is not an administrator's.")]
    public async Task A_suspended_accounts_identity_provider_reads_nothing(string scope)
    {
        var account = new TestAccount();
        account.Policy = account.Policy with { Suspended = true };
        foreach (var path in new[] { "/scim/v2/probe", "/portal/probe" })
        {
            using var response = await Get(path, account.Answer(scope));
            Assert.That((await SentError.Of(response)).Status, Is.EqualTo(HttpStatusCode.Forbidden), path);
        }
    }

    [Test]
    public async Task The_portal_works_without_SCIM()
    {
        var account = new TestAccount();
        account.Policy = account.Policy with { ScimEnabled = false };
        using var response = await Get("/portal/probe", account.PortalAnswer("ada@example.com"));
        Assert.That(await response.Content.ReadAsStringAsync(), Is.EqualTo("ada@example.com"));
    }

    [Test]
    public async Task A_read_only_administrator_reads_and_every_endpoint_refuses_changes()
    {
        var answer = new TestAccount().PortalAnswer(readOnly: true) with { Scope = "scim portal people.read" };
        using var read = await Get("/portal/probe", answer);
        Assert.That(read.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        using var client = server.ClientWith("Bearer " + server.AuthServer.IssueToken(() => answer));

        var refused = new List<string>();
        foreach (var endpoint in server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>())
        {
            foreach (var method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? [])
            {
                if (method is "GET" or "HEAD")
                    continue;
                var path = Regex.Replace(endpoint.RoutePattern.RawText!, @"\{[^}]+\}", $"{Guid.NewGuid()}");
                using var request = new HttpRequestMessage(new(method), path)
                {
                    Content = new StringContent("{}", Encoding.UTF8, "application/json"),
                };
                using var response = await client.SendAsync(request);
                var error = await SentError.Of(response);
                Assert.That(
                    (error.Status, error.Detail),
                    Is.EqualTo((HttpStatusCode.Forbidden, "Your access is read-only. Nothing was changed. Ask an administrator.")),
                    $"{method} {path}");
                refused.Add($"{method} {endpoint.RoutePattern.RawText}");
            }
        }
        Assert.That(
            refused,
            Is.SupersetOf(new[] { "POST /portal/users/", "PATCH /portal/users/{id:guid}", "POST /scim/v2/Bulk" }));
    }

    [Test]
    public async Task A_portal_token_cannot_provision()
    {
        using var response = await Get("/scim/v2/probe", new TestAccount().PortalAnswer());
        Assert.That((await SentError.Of(response)).Status, Is.EqualTo(HttpStatusCode.Forbidden));
    }

    [TestCase("scim")]
    [TestCase("portal")]
    [TestCase("scim portal")]
    public async Task An_identity_provider_cannot_use_the_portal_endpoints(string scope)
    {
        using var response = await Get("/portal/probe", new TestAccount().Answer(scope));
        Assert.That((await SentError.Of(response)).Status, Is.EqualTo(HttpStatusCode.Forbidden));
    }

    [Test]
    public async Task An_ended_session_ends_its_portal_token()
    {
        using var response = await Get("/portal/probe", new() { Active = false });
        Assert.That((await SentError.Of(response)).Status, Is.EqualTo(HttpStatusCode.Unauthorized));
    }

    private async Task<HttpResponseMessage> Get(string path, TokenIntrospection answer)
    {
        using var client = server.ClientWith("Bearer " + server.AuthServer.IssueToken(() => answer));
        return await client.GetAsync(path);
    }
}
