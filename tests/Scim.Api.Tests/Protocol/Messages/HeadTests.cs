using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Scim.Api.Data;
using Scim.Api.Tests.Users.Walks;
using Scim.Api.Users.Walks;

namespace Scim.Api.Tests.Protocol.Messages;

/// <summary>HEAD is supported wherever GET is, with the same headers and no body (RFC 9110 §9.3.2).</summary>
internal sealed class HeadTests
{
    private readonly TestAccount account = new();
    private ScimServer server = null!;
    private List<string> ids = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        server = await ScimServer.Start();
        ids = await server.Gather(account, 8, length: 70_000);
    }

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [TestCase("/scim/v2/Users", 200)]
    [TestCase("/scim/v2/Users?count=1", 200)]
    [TestCase("/scim/v2/Users?count=0", 200)]
    [TestCase("/scim/v2/Users?filter=userName eq \"nobody\"", 200)]
    [TestCase("/scim/v2/Users?filter=nonsense", 400)]
    [TestCase("/scim/v2/Users/{id}", 200)]
    [TestCase("/scim/v2/Users/{id}?attributes=userName", 200)]
    [TestCase("/scim/v2/Users/0193f3b0-0000-7000-8000-000000000000", 404)]
    [TestCase("/scim/v2/Users/.search", 404)]
    [TestCase("/scim/v2/Bulk", 405)]
    [TestCase("/scim/v2/Groups", 200)]
    [TestCase("/scim/v2/Groups/1", 404)]
    [TestCase("/scim/v2/Me", 501)]
    [TestCase("/scim/v2/ServiceProviderConfig", 200)]
    [TestCase("/scim/v2/Schemas", 200)]
    [TestCase("/scim/v2/Schemas?filter=id pr", 403)]
    [TestCase("/scim/v2/Schemas/urn:ietf:params:scim:schemas:core:2.0:User", 200)]
    [TestCase("/scim/v2/ResourceTypes", 200)]
    [TestCase("/scim/v2/ResourceTypes/User", 200)]
    [TestCase("/scim/v2/nothing", 404)]
    [TestCase("/nothing", 404)]
    [TestCase("/.well-known/oauth-protected-resource/scim/v2", 200)]
    [TestCase("/.well-known/oauth-protected-resource/other", 404)]
    [TestCase("/health/live", 200)]
    [TestCase("/health/ready", 200)]
    public async Task The_headers_are_those_of_GET(string path, int status)
    {
        using var client = server.ClientOf(account);
        using var head = await Compare(client, path, (HttpStatusCode)status);
        // A long page is streamed, and health is plain text.
        if (path is not ("/scim/v2/Users" or "/scim/v2/Users?count=1" or "/health/live" or "/health/ready"))
        {
            using var get = await client.GetAsync(path.Replace("{id}", ids[0], StringComparison.Ordinal));
            var body = await get.Content.ReadAsByteArrayAsync();
            Assert.That(head.Content.Headers.ContentLength, Is.EqualTo(body.Length));
        }
    }

    [TestCase("/scim/v2/Users", "GET, POST, HEAD")]
    [TestCase("/scim/v2/Users/1", "DELETE, GET, PATCH, PUT, HEAD")]
    [TestCase("/scim/v2/Schemas", "GET, HEAD")]
    [TestCase("/scim/v2/Bulk", "POST")]
    [TestCase("/.well-known/oauth-protected-resource/scim/v2", "GET, HEAD")]
    public async Task A_wrong_method_returns_HEAD_as_allowed(string path, string methods)
    {
        using var client = server.ClientOf(account);
        using var response = await client.SendAsync(new HttpRequestMessage(HttpMethod.Trace, path));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.MethodNotAllowed));
            Assert.That(response.Content.Headers.Allow, Is.EqualTo(methods.Split(", ")));
        }
    }

    [TestCase("users")]
    [TestCase("users?search=x")]
    [TestCase("events")]
    [TestCase("events.csv")]
    [TestCase("events?before=x")]
    public async Task The_headers_are_those_of_GET_for_the_portal(string path)
    {
        using var portal = server.PortalOf(account);
        using var head = await Compare(portal, path, status: null);
    }

    [TestCase(null, "/scim/v2/Users")]
    [TestCase(null, "/scim/v2/Schemas")]
    [TestCase("Bearer nonsense", "/scim/v2/Users")]
    [TestCase("Bearer nonsense", "/scim/v2/Schemas")]
    public async Task The_headers_are_those_of_GET_without_a_valid_token(string? authorization, string path)
    {
        using var client = server.ClientWith(authorization);
        using var head = await Compare(client, path, status: null);
    }

    [Test]
    public async Task A_known_version_is_304()
    {
        using var client = server.ClientOf(account);
        var known = await client.Get($"Users/{ids[0]}");
        client.DefaultRequestHeaders.IfNoneMatch.Add(known.Message.Headers.ETag!);
        using var head = await Compare(client, $"Users/{ids[0]}", HttpStatusCode.NotModified);
    }

    [Test]
    public async Task HEAD_of_a_page_saves_no_bookmark()
    {
        using var client = server.ClientOf(account);
        var before = await Bookmarks();
        foreach (var query in (string[])["count=2", "startIndex=3&count=2", "sortBy=userName&count=2"])
            Assert.That((await client.Send("HEAD", "Users?" + query)).Status, Is.EqualTo(HttpStatusCode.OK));
        Assert.That(await Bookmarks(), Is.EqualTo(before));
        Assert.That((await client.Get("Users?count=2")).Status, Is.EqualTo(HttpStatusCode.OK));
        Assert.That(await Bookmarks(), Is.EqualTo(before + 1));
    }

    private async Task<int> Bookmarks()
    {
        await using var scope = server.Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<ScimDbContext>().Set<Bookmark>().CountAsync();
    }

    /// <summary>Sends GET and HEAD, and compares the headers that do not change each time.</summary>
    private async Task<HttpResponseMessage> Compare(HttpClient client, string path, HttpStatusCode? status)
    {
        path = path.Replace("{id}", ids[0], StringComparison.Ordinal);
        using var get = await client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead);
        var head = await client.SendAsync(new(HttpMethod.Head, path));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(get.StatusCode, Is.EqualTo(status ?? get.StatusCode));
            Assert.That(head.StatusCode, Is.EqualTo(get.StatusCode));
            Assert.That(Lines(head), Is.EqualTo(Lines(get)));
            Assert.That(await head.Content.ReadAsByteArrayAsync(), Is.Empty);
        }
        return head;
    }

    private static List<string> Lines(HttpResponseMessage response) =>
    [
        .. response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated)
            .Where(header => header.Key is not ("Date" or "Transfer-Encoding"))
            .Select(header => $"{header.Key}: {header.Value}")
            .Order(StringComparer.Ordinal),
    ];
}
