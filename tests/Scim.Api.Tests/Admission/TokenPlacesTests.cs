using System.Net;
using System.Text;

namespace Scim.Api.Tests.Admission;

/// <summary>A token is accepted only in the Authorization header (RFC 6750 §2, RFC 9700 §4.3.2).</summary>
[Parallelizable]
internal sealed class TokenPlacesTests
{
    private readonly TestAccount account = new();
    private ScimServer server = null!;

    [OneTimeSetUp]
    public async Task Start() => server = await ScimServer.Start();

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [TestCase("GET", "/scim/v2/Users?access_token={0}")]
    [TestCase("HEAD", "/scim/v2/Users?access_token={0}")]
    [TestCase("GET", "/scim/v2/Users?count=1&ACCESS_TOKEN={0}")]
    [TestCase("GET", "/scim/v2/Users?access_token=&access_token={0}")]
    [TestCase("GET", "/scim/v2/ServiceProviderConfig?access_token={0}")]
    [TestCase("GET", "/scim/v2/Schemas?access_token={0}")]
    [TestCase("POST", "/scim/v2/Users?access_token={0}")]
    [TestCase("POST", "/scim/v2/Bulk?access_token={0}")]
    [TestCase("POST", "/scim/v2/.search?access_token={0}")]
    [TestCase("DELETE", "/scim/v2/Users/1?access_token={0}")]
    [TestCase("GET", "/scim/v2/Groups?access_token={0}")]
    [TestCase("GET", "/scim/v2/Me?access_token={0}")]
    [TestCase("GET", "/portal/users?access_token={0}")]
    [TestCase("GET", "/portal/events.csv?access_token={0}")]
    public async Task A_token_in_the_address_is_never_accepted(string method, string path)
    {
        var token = server.AuthServer.IssueToken(account);
        path = string.Format(null, path, token);
        using var alone = await Send(method, path, authorization: null);
        using var besides = await Send(method, path, "Bearer " + token);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(alone.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
            Assert.That($"{alone.Headers.WwwAuthenticate}", Does.StartWith("Bearer realm").And.Not.Contain("error"));
            Assert.That(besides.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
            Assert.That($"{besides.Headers.WwwAuthenticate}", Does.Contain("error=\"invalid_request\""));
        }
        if (method != "HEAD")
            Assert.That((await SentError.Of(alone)).Detail, Does.Contain("access_token").And.Not.Contain(token));
    }

    [TestCase("POST", "/scim/v2/Users")]
    [TestCase("POST", "/scim/v2/Users/.search")]
    [TestCase("POST", "/scim/v2/Bulk")]
    [TestCase("POST", "/scim/v2/Groups")]
    [TestCase("PUT", "/scim/v2/Users/1")]
    [TestCase("PATCH", "/scim/v2/Users/1")]
    [TestCase("DELETE", "/scim/v2/Users/1")]
    public async Task A_token_in_a_form_is_never_accepted(string method, string path)
    {
        var token = server.AuthServer.IssueToken(account);
        using var alone = await Send(method, path, null, $"a=b&access_token={token}");
        using var besides = await Send(method, path, "Bearer " + token, $"a=b&access_token={token}");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(alone.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
            Assert.That($"{alone.Headers.WwwAuthenticate}", Does.StartWith("Bearer realm").And.Not.Contain("error"));
            Assert.That((await SentError.Of(besides)).Status, Is.EqualTo(HttpStatusCode.BadRequest));
            Assert.That($"{besides.Headers.WwwAuthenticate}", Does.Contain("error=\"invalid_request\""));
        }
    }

    [TestCase("a=b", "a form without a token parameter")]
    [TestCase("access_token=", "no token in it")]
    public async Task Another_form_has_an_unsupported_media_type(string form, string reason)
    {
        using var response = await Send(
            "POST", "/scim/v2/Users", "Bearer " + server.AuthServer.IssueToken(account), form);
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.UnsupportedMediaType), reason);
    }

    [Test]
    public async Task A_form_that_is_too_large_to_read_has_an_unsupported_media_type()
    {
        using var response = await Send(
            "POST", "/scim/v2/Users", "Bearer " + server.AuthServer.IssueToken(account),
            "a=" + new string('x', 100_000));
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.UnsupportedMediaType));
    }

    [Test]
    public async Task Endpoints_that_need_no_token_do_not_search_for_one()
    {
        using var response = await Send("GET", "/health/live?access_token=x", null);
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK));
    }

    private async Task<HttpResponseMessage> Send(string method, string path, string? authorization, string? form = null)
    {
        using var client = server.ClientWith(authorization);
        using var request = new HttpRequestMessage(new(method), path);
        if (form is not null)
            request.Content = new StringContent(form, Encoding.UTF8, "application/x-www-form-urlencoded");
        return await client.SendAsync(request);
    }
}
