using Auth.Server.Connect;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Tests.Connect;

/// <summary>The size of requests is limited, so that nobody can make the server use much memory.</summary>
[Category("AnyDatabase")]
[Category("Slow")]
public sealed class LongRequestsTests
{
    [TestCase("/connect/token")]
    [TestCase("/connect/par")]
    [TestCase("/connect/revoke")]
    [TestCase("/connect/introspect")]
    [TestCase("/connect/authorize")]
    public async Task A_form_of_megabytes_is_refused(string path)
    {
        await using var server = await AuthServer.Start();
        using var http = server.CreateClient();
        foreach (var chunked in new[] { false, true })
        {
            // Neither a single value nor the number of values is too large.
            var content = new StringContent(
                string.Join('&', Enumerable.Range(0, 1000).Select(i => $"field{i}={new string('a', 10_000)}")));
            content.Headers.ContentType = new("application/x-www-form-urlencoded");
            using var request = new HttpRequestMessage(
                HttpMethod.Post, new Uri(path, UriKind.Relative)) { Content = content };
            request.Headers.TransferEncodingChunked = chunked;
            request.Headers.ExpectContinue = true;

            using var refused = await http.SendAsync(request);

            Assert.That((int)refused.StatusCode, Is.EqualTo(413), await refused.Content.ReadAsStringAsync());
        }
    }

    [TestCase("connect/token", "scope", 60_000, true)]
    [TestCase("connect/token", "scope", 70_000, false)]
    [TestCase("connect/token", "unknown", 5_000_000, false)]
    [TestCase("connect/par", "state", 60_000, true)]
    [TestCase("connect/par", "state", 70_000, false)]
    [TestCase("connect/par", "state", 3_000_000, false)]
    [TestCase("connect/revoke", "unknown", 70_000, false)]
    [TestCase("connect/introspect", "token", 70_000, false)]
    public async Task A_request_of_more_than_64_kilobytes_is_refused_and_not_stored(
        string path, string name, int length, bool possible)
    {
        await using var server = await AuthServer.Start();
        using var client = await AllowedClient.Of(server);
        (string Name, string Value)[] form =
        [
            ("grant_type", "client_credentials"), ("response_type", "code"),
            ("redirect_uri", AllowedClient.RedirectUri),
            ("token", "t"),
        ];

        using var answer = await client.Post(
            path, [.. form.Where(field => field.Name != name), (name, new string('a', length))]);

        // A scope of that length is read, and refused because it is unknown.
        Assert.That((int)answer.StatusCode, Is.EqualTo(possible && name != "scope" ? 201 : 400));
        Assert.That(
            await answer.Content.ReadAsStringAsync(),
            possible
                ? Does.Contain(name == "scope" ? "invalid_scope" : "request_uri")
                : Does.Contain("invalid_request"));
        Assert.That(
            await server.WithDatabase(db => db.Tokens.CountAsync()), Is.EqualTo(possible && name == "state" ? 1 : 0));
    }
}
