using System.Net.Http.Headers;
using System.Text;
using Auth.Server.Events;
using Auth.Server.Tests.Connect;
using Microsoft.EntityFrameworkCore;
using Shared.Contracts;

namespace Auth.Server.Tests.Events;

/// <summary>Invalid polls (RFC 8936) are refused, and record no node.</summary>
internal sealed class InvalidPollsTests
{
    private const string Node = "\"node\":\"6f9619ff-8b86-4011-b42d-00c04fc964ff\"";

    private AuthServer server = null!;
    private ResourceServer scim = null!;
    private HttpClient http = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        server = await AuthServer.Start();
        scim = await ResourceServer.Register(server);
        http = server.CreateClient();
        using var response = await scim.Post(
            AuthServerPaths.Token, ("grant_type", "client_credentials"), ("scope", Scopes.PollEvents));
        http.DefaultRequestHeaders.Authorization = new(
            "Bearer", (await response.Json()).GetProperty("access_token").GetString()!);
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        http.Dispose();
        scim.Dispose();
        await server.DisposeAsync();
    }

    [TestCase("")]
    [TestCase("null")]
    [TestCase("[]")]
    [TestCase("{}")]
    [TestCase("{")]
    [TestCase("\"a\"")]
    [TestCase("{" + Node + "}")]
    [TestCase("{\"node_name\":\"a\"}")]
    [TestCase("{\"node\":null,\"node_name\":\"a\"}")]
    [TestCase("{\"node\":\"a\",\"node_name\":\"a\"}")]
    [TestCase("{\"node\":7,\"node_name\":\"a\"}")]
    [TestCase("{" + Node + ",\"node_name\":null}")]
    [TestCase("{" + Node + ",\"node_name\":\"\"}")]
    [TestCase("{" + Node + ",\"node_name\":7}")]
    [TestCase("{" + Node + ",\"node_name\":\"a\\u0000b\"}")]
    [TestCase("{" + Node + ",\"node_name\":\"a\\nb\"}")]
    [TestCase("{" + Node + ",\"node_name\":\"\\ud800\"}")]
    [TestCase("{" + Node + ",\"node_name\":\"LONG\"}")]
    [TestCase("{" + Node + ",\"node_name\":\"a\",\"ack\":null}")]
    [TestCase("{" + Node + ",\"node_name\":\"a\",\"ack\":\"1\"}")]
    [TestCase("{" + Node + ",\"node_name\":\"a\",\"ack\":[null]}")]
    [TestCase("{" + Node + ",\"node_name\":\"a\",\"ack\":[1]}")]
    [TestCase("{" + Node + ",\"node_name\":\"a\",\"ack\":[\"\"]}")]
    [TestCase("{" + Node + ",\"node_name\":\"a\",\"ack\":[\"a\"]}")]
    [TestCase("{" + Node + ",\"node_name\":\"a\",\"ack\":[\"99999999999999999999\"]}")]
    [TestCase("{" + Node + ",\"node_name\":\"a\",\"ack\":[\"1\",\"\\ud800\"]}")]
    [TestCase("{" + Node + ",\"node_name\":\"a\",\"returnImmediately\":null}")]
    [TestCase("{" + Node + ",\"node_name\":\"a\",\"returnImmediately\":\"yes\"}")]
    [TestCase("{" + Node + ",\"node_name\":null,\"leaves\":true}")]
    public async Task An_invalid_body(string body)
    {
        using var content = new StringContent(
            body.Replace("LONG", new string('a', 101), StringComparison.Ordinal), Encoding.UTF8,
            new MediaTypeHeaderValue("application/json"));

        using var refused = await http.PostAsync(new Uri(AuthServerPaths.EventsPoll, UriKind.Relative), content);

        Assert.That((int)refused.StatusCode, Is.EqualTo(400), await refused.Content.ReadAsStringAsync());
        Assert.That(await server.WithDatabase(db => db.Nodes.CountAsync()), Is.Zero);
    }

    [TestCase(null, "{}")]
    [TestCase("text/plain", "{}")]
    [TestCase("application/x-www-form-urlencoded", "a=b")]
    public async Task A_body_of_another_type(string? type, string body)
    {
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        content.Headers.ContentType = type is null ? null : new(type);

        using var refused = await http.PostAsync(new Uri(AuthServerPaths.EventsPoll, UriKind.Relative), content);

        Assert.That((int)refused.StatusCode, Is.EqualTo(415), await refused.Content.ReadAsStringAsync());
    }
}
