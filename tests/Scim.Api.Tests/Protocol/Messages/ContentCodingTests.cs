using System.IO.Compression;
using System.Net;
using System.Text;

namespace Scim.Api.Tests.Protocol.Messages;

/// <summary>Compressed bodies are refused (RFC 9110 §8.4 and §15.5.16).</summary>
[Parallelizable]
internal sealed class ContentCodingTests
{
    private const string Search = """{"count":0}""";

    private readonly TestAccount account = new();
    private ScimServer server = null!;

    [OneTimeSetUp]
    public async Task Start() => server = await ScimServer.Start();

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [Test]
    public async Task A_compressed_body_is_415(
        [Values(
            "POST Users", "POST Users/.search", "POST .search", "POST Groups/.search", "POST Bulk", "PUT Users/1",
            "PATCH Users/1")]
        string endpoint,
        [Values("gzip", "deflate", "br")] string coding,
        [Values] bool isChunked)
    {
        using var response = await Send(endpoint, coding, Compress(coding), isChunked);
        var error = await SentError.Of(response);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error.Status, Is.EqualTo(HttpStatusCode.UnsupportedMediaType));
            Assert.That(error.Detail, Does.Contain(coding));
            Assert.That(response.Headers.GetValues("Accept-Encoding"), Is.EqualTo(new[] { "identity" }));
        }
    }

    [TestCase("GZIP")]
    [TestCase("x-gzip")]
    [TestCase("zstd")]
    [TestCase("compress")]
    [TestCase("aes128gcm")]
    [TestCase("nonsense")]
    [TestCase("gzip, gzip")]
    [TestCase("identity, gzip")]
    [TestCase("gzip,identity")]
    [TestCase(", br")]
    public async Task A_body_in_any_other_coding_is_415(string coding)
    {
        using var response = await Send("POST Users/.search", coding, Encoding.UTF8.GetBytes(Search));
        Assert.That((await SentError.Of(response)).Status, Is.EqualTo(HttpStatusCode.UnsupportedMediaType));
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase("identity")]
    [TestCase("Identity")]
    [TestCase("identity, identity")]
    [TestCase(",")]
    public async Task A_body_without_coding_is_accepted(string? coding)
    {
        using var response = await Send("POST Users/.search", coding, Encoding.UTF8.GetBytes(Search));
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task The_portal_refuses_it_too()
    {
        using var portal = server.PortalOf(account);
        using var content = new ByteArrayContent(Compress("gzip"));
        content.Headers.ContentType = new("application/json");
        content.Headers.ContentEncoding.Add("gzip");
        using var response = await portal.PostAsync("users", content);
        Assert.That((await SentError.Of(response)).Status, Is.EqualTo(HttpStatusCode.UnsupportedMediaType));
    }

    [Test]
    public async Task An_unauthorized_request_is_refused_for_that_first()
    {
        using var client = server.ClientWith(null);
        using var content = new ByteArrayContent(Compress("gzip"));
        content.Headers.ContentEncoding.Add("gzip");
        using var response = await client.PostAsync("/scim/v2/Users", content);
        Assert.That((await SentError.Of(response)).Status, Is.EqualTo(HttpStatusCode.Unauthorized));
    }

    private async Task<HttpResponseMessage> Send(string endpoint, string? coding, byte[] body, bool isChunked = false)
    {
        using var client = server.ClientOf(account);
        var (method, path) = (endpoint.Split(' ')[0], endpoint.Split(' ')[1]);
        using var request = new HttpRequestMessage(new(method), path) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new("application/scim+json");
        if (coding is not null)
            request.Content.Headers.TryAddWithoutValidation("Content-Encoding", coding);
        request.Headers.TransferEncodingChunked = isChunked;
        return await client.SendAsync(request);
    }

    private static byte[] Compress(string coding)
    {
        using var bytes = new MemoryStream();
        using (Stream compressed = coding switch
        {
            "gzip" => new GZipStream(bytes, CompressionMode.Compress),
            "deflate" => new ZLibStream(bytes, CompressionMode.Compress),
            _ => new BrotliStream(bytes, CompressionMode.Compress),
        })
        {
            compressed.Write(Encoding.UTF8.GetBytes(Search));
        }
        return bytes.ToArray();
    }
}
