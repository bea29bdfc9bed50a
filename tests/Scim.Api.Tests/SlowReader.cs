using System.Net.Sockets;
using System.Text;

namespace Scim.Api.Tests;

/// <summary>A client that reads the head of a response and then stops reading until it is told to continue.</summary>
internal sealed class SlowReader : IDisposable
{
    private readonly TcpClient connection = new() { ReceiveBufferSize = 4096 };

    public static Task<SlowReader> Begin(ScimServer server, TestAccount account, string path) =>
        Begin(server, server.AuthServer.IssueToken(account), "/scim/v2/" + path);

    public static async Task<SlowReader> Begin(ScimServer server, string token, string path)
    {
        var reader = new SlowReader();
        var url = new Uri(server.Url);
        await reader.connection.ConnectAsync(url.Host, url.Port);
        await reader.connection.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            $"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"));
        var head = new byte[12];
        await reader.connection.GetStream().ReadExactlyAsync(head);
        Assert.That(Encoding.ASCII.GetString(head), Is.EqualTo("HTTP/1.1 200"));
        return reader;
    }

    /// <summary>The body; throws if it is incomplete.</summary>
    public async Task<string> ReadToEnd()
    {
        using var all = new MemoryStream();
        await connection.GetStream().CopyToAsync(all);
        var text = Encoding.UTF8.GetString(all.ToArray());
        var body = new StringBuilder();
        var next = text.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4;
        while (true)
        {
            var end = text.IndexOf("\r\n", next, StringComparison.Ordinal);
            if (end < 0)
                throw new HttpIOException(HttpRequestError.ResponseEnded);
            var size = Convert.ToInt32(text[next..end], 16);
            if (size == 0)
                return body.ToString();
            body.Append(text.AsSpan(end + 2, size));
            next = end + 4 + size;
        }
    }

    public void Dispose() => connection.Dispose();
}
