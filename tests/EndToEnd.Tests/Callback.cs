using System.Collections.Specialized;
using System.Net;
using System.Net.Sockets;

namespace EndToEnd.Tests;

/// <summary>The redirect URI of an identity provider, which waits for the browser to return.</summary>
internal sealed class Callback : IDisposable
{
    private readonly HttpListener listener = new();

    public Callback()
    {
        using (var free = new TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            Uri = $"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}/callback";
        }

        listener.Prefixes.Add($"{Uri}/");
        listener.Start();
    }

    public string Uri { get; }

    /// <summary>The parameters that the browser brings.</summary>
    public async Task<NameValueCollection> Receive()
    {
        var context = await listener.GetContextAsync().WaitAsync(TimeSpan.FromSeconds(30));
        context.Response.Close("Thank you."u8.ToArray(), willBlock: false);
        return context.Request.QueryString;
    }

    public void Dispose() => listener.Close();
}
