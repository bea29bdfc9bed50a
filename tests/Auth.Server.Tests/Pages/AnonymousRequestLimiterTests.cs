using System.Net.Sockets;
using System.Text;
using Auth.Server.Administrators;
using Auth.Server.Pages;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Auth.Server.Tests.Pages;

/// <summary>
/// Pages without authentication: the number of concurrent requests is limited, and slow senders block nobody.
/// </summary>
[Category("AnyDatabase")]
[Category("Slow")]
public sealed class AnonymousRequestLimiterTests
{
    // More than all turns and places on any machine.
    private const int Many = 2000;

    [TestCase("GET", "/sign-in")]
    [TestCase("HEAD", "/SIGN-IN/")]
    [TestCase("POST", "/sign-in")]
    [TestCase("POST", "/sign-in?handler=Code")]
    [TestCase("POST", "/sign-in?handler=Passkey")]
    [TestCase("GET", "/operator/sign-in")]
    [TestCase("POST", "/operator/sign-in")]
    [TestCase("GET", "/invitation")]
    [TestCase("POST", "/invitation")]
    [TestCase("POST", "/invitation?handler=Accept")]
    [TestCase("POST", "/Invitation?handler=accept")]
    [TestCase("GET", "/connect/authorize")]
    [TestCase("POST", "/connect/authorize")]
    public async Task When_the_queue_is_full_an_unknown_browser_is_refused_and_a_known_one_waits(
        string method, string address)
    {
        await using var server = await AuthServer.Start();
        var leave = new TaskCompletionSource();
        var inside = 0;
        var limiter = new AnonymousRequestLimiter(_ =>
        {
            Interlocked.Increment(ref inside);
            return leave.Task;
        });
        var requests = new List<Task>();
        HttpContext refused;
        do
        {
            refused = Request(server, method, address);
            requests.Add(limiter.InvokeAsync(refused));
        }
        while (!requests[^1].IsCompleted && requests.Count < Many);

        Assert.That(refused.Response.StatusCode, Is.EqualTo(429));
        Assert.That(refused.Response.Headers.RetryAfter.ToString(), Is.EqualTo("2"));
        Assert.That(inside, Is.InRange(1, requests.Count / 2), "the others wait");
        var known = limiter.InvokeAsync(Request(server, method, address, await KnownBrowser(server, address)));
        Assert.That(known.IsCompleted, Is.False, "it waits in a place of its own");

        leave.SetResult();
        await Task.WhenAll(requests);
        await known;
        Assert.That(inside, Is.EqualTo(requests.Count), "all but the refused one, plus the known browser");
    }

    [TestCase("POST", "/connect/token")]
    [TestCase("POST", "/connect/introspect")]
    [TestCase("POST", "/security/password")]
    [TestCase("GET", "/.well-known/jwks")]
    [TestCase("GET", "/health/ready")]
    public async Task Other_requests_do_not_wait(string method, string address)
    {
        await using var server = await AuthServer.Start();
        var leave = new TaskCompletionSource();
        var inside = 0;
        var limiter = new AnonymousRequestLimiter(_ =>
        {
            Interlocked.Increment(ref inside);
            return leave.Task;
        });

        var requests = Enumerable.Range(0, Many).Select(_ => limiter.InvokeAsync(Request(server, method, address)))
            .ToList();

        Assert.That(inside, Is.EqualTo(Many));
        leave.SetResult();
        await Task.WhenAll(requests);
    }

    [TestCase("/sign-in")]
    [TestCase("/sign-in?handler=Code")]
    [TestCase("/invitation")]
    [TestCase("/invitation?handler=Accept")]
    [TestCase("/connect/authorize")]
    public async Task Slow_senders_of_forms_keep_nobody_from_opening_pages_or_signing_in(string address)
    {
        await using var server = await AuthServer.Start();
        await server.CreateAdministrator(await server.CreateAccount());
        var slow = new List<TcpClient>();
        try
        {
            for (var i = 0; i < 120; i++)
                slow.Add(await SendHalfAForm(server, address));
            // "100 Continue" shows that the server reads a body: wait until it reads as many as it handles at a time.
            await Task.WhenAll(slow.Take(2 * Environment.ProcessorCount).Select(IsRead));

            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            using var stranger = Browser.At(server);
            foreach (var page in new[] { "/sign-in", "/invitation", "/connect/authorize?client_id=nobody" })
                Assert.That((await stranger.Open(page, patience.Token)).Status, Is.AnyOf(200, 400), page);
            using var ada = await Browser.SignedIn(server).WaitAsync(patience.Token);
        }
        finally
        {
            slow.ForEach(client => client.Dispose());
        }
    }

    [TestCase("/sign-in")]
    [TestCase("/invitation")]
    [TestCase("/invitation?handler=Accept")]
    [TestCase("/connect/authorize")]
    public async Task A_form_that_cannot_be_read_is_a_client_error(string address)
    {
        await using var server = await AuthServer.Start();
        using var browser = Browser.At(server);
        using var http = server.CreateClient();
        foreach (var (content, type) in new[]
        {
            (new string('a', 100_000), "application/x-www-form-urlencoded"),
            (string.Join('&', Enumerable.Range(0, 2000).Select(i => $"a{i}=")), "application/x-www-form-urlencoded"),
            ("a=%00", "application/x-www-form-urlencoded"), ("no parts", "multipart/form-data; boundary=x"),
            ("no parts", "multipart/form-data"), ("{}", "application/json"),
        })
        {
            using var body = new StringContent(content);
            body.Headers.ContentType = System.Net.Http.Headers.MediaTypeHeaderValue.Parse(type);
            using var response = await http.PostAsync(new Uri(address, UriKind.Relative), body);
            Assert.That((int)response.StatusCode, Is.InRange(400, 499), $"{content.Length} characters of {type}");
        }
    }

    private static DefaultHttpContext Request(AuthServer server, string method, string address, string? cookie = null)
    {
        var http = new DefaultHttpContext { RequestServices = server.Services };
        http.Request.Method = method;
        http.Request.Path = address.Split('?')[0];
        http.Request.QueryString = new(
            address.Contains('?', StringComparison.Ordinal) ? $"?{address.Split('?')[1]}" : "");
        http.Request.Headers.Cookie = cookie;
        return http;
    }

    /// <summary>The cookie of a browser in which an administrator has signed in.</summary>
    private static Task<string> KnownBrowser(AuthServer server, string address)
    {
        var http = Request(server, "GET", address);
        server.Services.GetRequiredService<DeviceCookie>().Write(http, Guid.NewGuid());
        return Task.FromResult(http.Response.Headers.SetCookie.ToString().Split(';')[0]);
    }

    /// <summary>Sends half of a form: enough that the server does not abort it as too slow.</summary>
    private static async Task<TcpClient> SendHalfAForm(AuthServer server, string address)
    {
        const int Length = 60_000;
        var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(server.Address.Host, server.Address.Port);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            $"POST {address} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            + $"Content-Length: {Length}\r\nExpect: 100-continue\r\n\r\na={new string('a', Length / 2)}"));
        return client;
    }

    private static async Task IsRead(TcpClient client)
    {
        var buffer = new byte[25];
        await client.GetStream().ReadExactlyAsync(buffer);
        Assert.That(Encoding.ASCII.GetString(buffer), Does.StartWith("HTTP/1.1 100 Continue"));
    }
}
