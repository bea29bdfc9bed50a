using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Scim.Api.Tests.Protocol.Messages;

/// <summary>Requests that do not reach an endpoint, or fail in it, also get a SCIM error (RFC 7644 §3.12).</summary>
[Parallelizable]
public sealed class ErrorResponsesTests
{
    private ScimServer server = null!;

    [OneTimeSetUp]
    public async Task Start() => server = await ScimServer.Start(map: Map);

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [TestCase("GET", "/scim/v2/nothing", HttpStatusCode.NotFound, "There is nothing at /scim/v2/nothing.")]
    [TestCase("GET", "/nothing", HttpStatusCode.NotFound, "There is nothing at /nothing.")]
    [TestCase("DELETE", "/scim/v2/echo", HttpStatusCode.MethodNotAllowed, "DELETE is not supported at /scim/v2/echo.")]
    [TestCase("GET", "/scim/v2/fault", HttpStatusCode.InternalServerError, "Something went wrong in SciLeads.")]
    [TestCase("GET", "/scim/v2/outage", HttpStatusCode.ServiceUnavailable, "SciLeads cannot use its database")]
    public async Task Each_status_has_its_error(string method, string path, HttpStatusCode status, string detail)
    {
        using var client = server.ClientWith(null);
        using var response = await client.SendAsync(new(new(method), path));
        var error = await SentError.Of(response);
        Assert.That(error.Status, Is.EqualTo(status));
        Assert.That(error.Detail, Does.StartWith(detail));
    }

    [Test]
    public async Task A_wrong_method_returns_the_allowed_ones()
    {
        using var client = server.ClientWith(null);
        using var response = await client.DeleteAsync("/scim/v2/echo");
        Assert.That(response.Content.Headers.Allow, Is.EqualTo(new[] { "POST" }));
    }

    [TestCase(9_000)]
    [TestCase(60_000)]
    public async Task A_URL_that_is_too_long_is_414(int length)
    {
        using var client = server.ClientWith(null);
        foreach (var path in (string[])["/scim/v2/Users?filter=", "/scim/v2/Users/", "/"])
        {
            using var response = await client.GetAsync(path + new string('x', length));
            Assert.That((await SentError.Of(response)).Status, Is.EqualTo(HttpStatusCode.RequestUriTooLong));
        }
    }

    [TestCase(1, 40_000)]
    [TestCase(1, 120_000)]
    [TestCase(110, 1)]
    [TestCase(900, 1)]
    public async Task Headers_that_are_too_large_are_431(int count, int length)
    {
        using var client = server.ClientWith(null);
        for (var i = 0; i < count; i++)
            client.DefaultRequestHeaders.Add($"X-{i}", new string('x', length));
        using var response = await client.GetAsync("/scim/v2/Users");
        Assert.That((await SentError.Of(response)).Status, Is.EqualTo(HttpStatusCode.RequestHeaderFieldsTooLarge));
    }

    [Test]
    public async Task A_long_URL_and_long_headers_are_accepted()
    {
        using var client = server.ClientWith(null);
        client.DefaultRequestHeaders.Add("X-Long", new string('x', 30_000));
        using var response = await client.GetAsync("/scim/v2/Users?filter=" + new string('x', 8_000));
        Assert.That((await SentError.Of(response)).Status, Is.EqualTo(HttpStatusCode.Unauthorized));
    }

    [TestCase("/scim/v2/Users?filter=%00")]
    [TestCase("/scim/v2/Users?filter=title eq \"%00\"")]
    [TestCase("/scim/v2/Users?filter=%zz")]
    [TestCase("/scim/v2/Users?filter=%C0%80")]
    [TestCase("/scim/v2/Users?startIndex=%00")]
    [TestCase("/scim/v2/Users?sortBy=%00")]
    public async Task A_query_with_bad_characters_is_a_SCIM_error(string path)
    {
        using var client = server.ClientOf(new TestAccount());
        using var response = await client.GetAsync(path);
        Assert.That((await SentError.Of(response)).Status, Is.EqualTo(HttpStatusCode.BadRequest));
    }

    [Test]
    public async Task A_server_error_is_logged_and_not_disclosed()
    {
        using var client = server.ClientWith(null);
        using var response = await client.GetAsync("/scim/v2/fault");
        Assert.That(await response.Content.ReadAsStringAsync(), Does.Not.Contain("inner workings"));
        Assert.That(server.Logs.AtLeast(LogLevel.Error), Has.Some.Contain("inner workings"));
    }

    [TestCase("{\"name\":", "application/json", HttpStatusCode.BadRequest)]
    [TestCase("", "application/json", HttpStatusCode.BadRequest)]
    [TestCase("{}", "text/plain", HttpStatusCode.UnsupportedMediaType)]
    public async Task A_body_that_cannot_be_read_is_refused(string body, string mediaType, HttpStatusCode status)
    {
        using var response = await Post(new StringContent(body, Encoding.UTF8, mediaType));
        var error = await SentError.Of(response);
        Assert.That(error.Status, Is.EqualTo(status));
        Assert.That(error.ScimType, Is.EqualTo(status == HttpStatusCode.BadRequest ? "invalidSyntax" : null));
    }

    [Test]
    public async Task A_body_that_is_too_large_is_413()
    {
        using var content = new ByteArrayContent(new byte[31_000_000]);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var client = server.ClientWith(null);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/scim/v2/echo") { Content = content };
        request.Headers.ExpectContinue = true;
        using var response = await client.SendAsync(request);
        Assert.That((await SentError.Of(response)).Status, Is.EqualTo(HttpStatusCode.RequestEntityTooLarge));
    }

    private async Task<HttpResponseMessage> Post(HttpContent content)
    {
        using var client = server.ClientWith(null);
        return await client.PostAsync("/scim/v2/echo", content);
    }

    private static void Map(WebApplication app)
    {
        app.MapPost("/scim/v2/echo", (Dictionary<string, string> body) => body);
        app.MapGet("/scim/v2/fault", IResult () => throw new InvalidOperationException("inner workings"));
        // Wrapped as by Entity Framework.
        app.MapGet("/scim/v2/outage", IResult () => throw new InvalidOperationException(
            "outer", new NpgsqlException("gone", new SocketException())));
    }
}
