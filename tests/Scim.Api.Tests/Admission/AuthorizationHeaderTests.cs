using System.Net;
using Shared.Contracts;

namespace Scim.Api.Tests.Admission;

[Parallelizable]
public sealed class AuthorizationHeaderTests
{
    private ScimServer server = null!;

    [OneTimeSetUp]
    public async Task Start() => server = await ScimServer.Start(map: Probe.Map);

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [TestCase("Bearer {0}")]
    [TestCase("bearer {0}")]
    [TestCase("BEARER  {0}")]
    [TestCase("{0}")]
    public async Task A_direct_JWT_is_accepted_with_and_without_the_word_Bearer(string form)
    {
        var account = new TestAccount();
        using var response = await Send(string.Format(null, form, server.AuthServer.IssueToken(account)));
        Assert.That(await response.Content.ReadAsStringAsync(), Is.EqualTo(account.Id.ToString()));
    }

    [Test]
    public async Task An_OAuth_token_needs_the_word_Bearer()
    {
        var token = server.AuthServer.IssueToken(new TestAccount { Method = CredentialMethods.OAuth2 });
        using var bare = await Send(token);
        using var withScheme = await Send("Bearer " + token);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(await Refusal(bare), Does.Contain("needs the word Bearer"));
            Assert.That(withScheme.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        }
    }

    [Test]
    public async Task A_portal_token_needs_the_word_Bearer()
    {
        using var client = server.ClientWith(server.AuthServer.IssuePortalToken(new TestAccount()));
        using var response = await client.GetAsync("/portal/probe");
        Assert.That(await Refusal(response), Does.Contain("needs the word Bearer"));
    }

    [Test(Description = "RFC 6750 §3.1: no error code if nothing was shown")]
    public async Task Without_a_header_the_challenge_has_no_error_code()
    {
        using var response = await Send(null);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((await SentError.Of(response)).Detail, Does.Contain("no Authorization header"));
            Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
            Assert.That($"{response.Headers.WwwAuthenticate}", Does.StartWith("Bearer realm=\"SciLeads\""));
            Assert.That($"{response.Headers.WwwAuthenticate}", Does.Not.Contain("error"));
        }
    }

    [TestCase("", "contains no token")]
    [TestCase("   ", "contains no token")]
    [TestCase("Bearer", "contains no token")]
    [TestCase("Bearer   ", "contains no token")]
    [TestCase("Basic dXNlcjpwYXNz", "uses the scheme Basic")]
    [TestCase("basic dXNlcjpwYXNz", "uses the scheme basic")]
    [TestCase("Negotiate YIIabc", "uses the scheme Negotiate")]
    [TestCase("Digest username=\"u\", realm=\"r\", nonce=\"n\"", "uses the scheme Digest")]
    [Description("RFC 6750 §3.1: without a token, or by another scheme, no error is named")]
    public async Task A_header_without_a_bearer_token_is_refused_without_an_error_code(string header, string detail)
    {
        using var response = await Send(header);
        var error = await SentError.Of(response);
        Assert.That(error.Status, Is.EqualTo(HttpStatusCode.Unauthorized));
        Assert.That(error.Detail, Does.Contain(detail));
        Assert.That($"{response.Headers.WwwAuthenticate}", Does.StartWith("Bearer realm=\"SciLeads\""));
        Assert.That($"{response.Headers.WwwAuthenticate}", Does.Not.Contain("error"));
    }

    [TestCase("Bearer Bearer eyJ.eyJ.c2ln", "word Bearer twice")]
    [TestCase("Bearer eyJh.eyJz dWIi.c2ln", "spaces or line breaks")]
    [TestCase("eyJh.eyJz\tdWIi.c2ln", "spaces or line breaks")]
    [TestCase("Bearer eyJh.eyJz\\ndWIi.c2ln", "line breaks")]
    [TestCase("Bearer eyJh.eyJz%0AdWIi.c2ln", "line breaks")]
    [TestCase("Bearer \"eyJh.eyJz.c2ln\"", "quotation marks")]
    [TestCase("Bearer 'eyJh.eyJz.c2ln'", "quotation marks")]
    [TestCase("\"Bearer eyJh.eyJz.c2ln\"", "spaces or line breaks")]
    [TestCase("Bearer <eyJh.eyJz.c2ln>", "characters that a SciLeads token never")]
    [TestCase("Bearer eyJh.eyJz", "incomplete")]
    [TestCase("Bearer secret", "incomplete")]
    [TestCase("Bearer eyJh.eyJz.c2ln.a.b", "incomplete")]
    [TestCase("Bearer ..", "not issued by SciLeads")]
    [TestCase("Bearer eyJh.eyJz.c2ln", "not issued by SciLeads")]
    [TestCase("Bearer e30.e30.", "not issued by SciLeads")]
    [TestCase("Bearer bnVsbA.bnVsbA.bnVsbA", "not issued by SciLeads")]
    public async Task A_malformed_header_is_refused_with_the_remedy(string header, string detail)
    {
        using var response = await Send(header);
        Assert.That(await Refusal(response), Does.Contain(detail));
    }

    [Test]
    public async Task Two_headers_are_refused()
    {
        using var client = server.ClientWith(null);
        client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", ["Bearer a.b.c", "Bearer d.e.f"]);
        using var response = await client.GetAsync("/scim/v2/probe");
        Assert.That(await Refusal(response), Does.Contain("more than one Authorization header"));
    }

    [Test]
    public async Task Endpoints_that_need_no_token_do_not_read_it()
    {
        using var client = server.ClientWith("Bearer rubbish");
        using var response = await client.GetAsync("/health/ready");
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK));
    }

    private async Task<HttpResponseMessage> Send(string? authorization)
    {
        using var client = server.ClientWith(authorization);
        return await client.GetAsync("/scim/v2/probe");
    }

    private static async Task<string> Refusal(HttpResponseMessage response)
    {
        var error = await SentError.Of(response);
        Assert.That(error.Status, Is.EqualTo(HttpStatusCode.Unauthorized));
        Assert.That($"{response.Headers.WwwAuthenticate}", Does.Contain("error=\"invalid_token\""));
        return error.Detail;
    }
}
