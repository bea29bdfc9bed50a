namespace Auth.Server.Tests;

/// <summary>HEAD is answered like GET, but without a body (RFC 9110 §9.3.2).</summary>
internal sealed class HeadTests
{
    private AuthServer server = null!;

    [OneTimeSetUp]
    public async Task Start() => server = await AuthServer.Start();

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [TestCase("/.well-known/jwks", 200)]
    [TestCase("/.well-known/oauth-authorization-server", 200)]
    [TestCase("/.well-known/openid-configuration", 200)]
    [TestCase("/health/live", 200)]
    [TestCase("/health/ready", 200)]
    [TestCase("/", 302)]
    [TestCase("/sign-in", 200)]
    [TestCase("/settings/user-management", 302)]
    [TestCase("/nothing", 404)]
    [TestCase("/connect/authorize", 400)]
    [TestCase("/connect/token", 400)]
    [TestCase("/connect/introspect", 400)]
    [TestCase("/" + Shared.Contracts.AuthServerPaths.Accounts, 401)]
    public async Task HEAD_is_answered_like_GET(string path, int status)
    {
        using var client = server.CreateClient();
        using var get = await client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead);
        using var head = await client.SendAsync(new(HttpMethod.Head, path));
        using (Assert.EnterMultipleScope())
        {
            Assert.That((int)get.StatusCode, Is.EqualTo(status));
            Assert.That((int)head.StatusCode, Is.EqualTo(status));
            Assert.That(Lines(head), Is.EqualTo(Lines(get)));
            Assert.That(await head.Content.ReadAsByteArrayAsync(), Is.Empty);
        }
        if (path.StartsWith("/.well-known", StringComparison.Ordinal))
            Assert.That(head.Content.Headers.ContentLength, Is.EqualTo((await client.GetByteArrayAsync(path)).Length));
    }

    private static List<string> Lines(HttpResponseMessage response) =>
    [
        .. response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated)
            .Where(header => header.Key is not ("Date" or "Transfer-Encoding" or "Set-Cookie"))
            // Kestrel adds this header where there is no length.
            .Where(header => !(header.Key == "Content-Length" && header.Value.ToString() == "0"))
            .Select(header => $"{header.Key}: {header.Value}")
            .Order(StringComparer.Ordinal),
    ];
}
