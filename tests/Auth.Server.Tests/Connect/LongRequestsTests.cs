namespace Auth.Server.Tests.Connect;

/// <summary>Nobody can have this server hold much in memory: what a request may say is bounded, whoever sends it.</summary>
internal sealed class LongRequestsTests
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
            var content = new ByteArrayContent(Enumerable.Repeat((byte)'a', 3_000_000).ToArray());
            content.Headers.ContentType = new("application/x-www-form-urlencoded");
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative)) { Content = content };
            request.Headers.TransferEncodingChunked = chunked;
            request.Headers.ExpectContinue = true;

            using var refused = await http.SendAsync(request);

            Assert.That((int)refused.StatusCode, Is.EqualTo(413), await refused.Content.ReadAsStringAsync());
        }
    }
}
