using System.Net;
using System.Text;

namespace Scim.Api.Tests.Protocol.Messages;

/// <summary>JSON is UTF-8 (RFC 8259 §8.1); a body with another charset is refused (RFC 9110 §15.5.16).</summary>
[Parallelizable]
internal sealed class CharsetTests
{
    private readonly TestAccount account = new();
    private ScimServer server = null!;

    [OneTimeSetUp]
    public async Task Start() => server = await ScimServer.Start();

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [Test]
    public async Task A_body_in_another_charset_is_415(
        [Values(
            "POST Users", "POST Users/.search", "POST .search", "POST Groups/.search", "POST Bulk", "PUT Users/1",
            "PATCH Users/1")]
        string endpoint,
        [Values("utf-16", "iso-8859-1")] string charset)
    {
        using var client = server.ClientOf(account);
        using var response = await Send(client, endpoint, $"application/scim+json; charset={charset}");
        var error = await SentError.Of(response);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error.Status, Is.EqualTo(HttpStatusCode.UnsupportedMediaType));
            Assert.That(error.Detail, Does.Contain(charset).And.Contain("UTF-8").And.Contain("RFC 8259"));
        }
    }

    [TestCase("application/json;charset=UTF-16LE")]
    [TestCase("application/json; charset=\"utf-16\"")]
    [TestCase("application/json; CHARSET=ISO-8859-1")]
    [TestCase("application/scim+json; x=y; charset=windows-1252")]
    [TestCase("application/json; charset=utf-32")]
    [TestCase("application/json; charset=utf-7")]
    [TestCase("application/json; charset=us-ascii")]
    [TestCase("application/json; charset=shift_jis")]
    [TestCase("application/json; charset=nonsense")]
    [TestCase("application/json; charset=utf-8; charset=utf-16")]
    public async Task A_body_in_any_other_charset_is_415(string contentType)
    {
        using var client = server.ClientOf(account);
        using var response = await Send(client, "POST Users/.search", contentType);
        Assert.That((await SentError.Of(response)).Status, Is.EqualTo(HttpStatusCode.UnsupportedMediaType));
    }

    [TestCase("application/scim+json; charset=utf-8", Description = "Okta and Entra ID")]
    [TestCase("application/json; charset=UTF-8")]
    [TestCase("application/json;charset=Utf-8;x=y")]
    [TestCase("application/json; charset=\"utf-8\"")]
    [TestCase("application/json; Charset=\"UTF-8\"")]
    [TestCase("application/json; charset=utf8")]
    [TestCase("application/json; charset=\"\"")]
    [TestCase("application/json; x=utf-16")]
    [TestCase("application/json")]
    [TestCase("")]
    public async Task A_body_in_UTF8_is_accepted(string contentType)
    {
        using var client = server.ClientOf(account);
        using var response = await Send(client, "POST Users/.search", contentType);
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task The_portal_refuses_another_charset_too()
    {
        using var portal = server.PortalOf(account);
        using var response = await Send(portal, "POST users", "application/json; charset=utf-16");
        Assert.That((await SentError.Of(response)).Status, Is.EqualTo(HttpStatusCode.UnsupportedMediaType));
    }

    private static async Task<HttpResponseMessage> Send(HttpClient client, string endpoint, string contentType)
    {
        var (method, path) = (endpoint.Split(' ')[0], endpoint.Split(' ')[1]);
        using var request = new HttpRequestMessage(new(method), path)
        {
            Content = new ByteArrayContent(Encoding.UTF8.GetBytes("""{"count":0}""")),
        };
        if (contentType != "")
            request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        return await client.SendAsync(request);
    }
}
