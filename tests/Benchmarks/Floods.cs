using System.Diagnostics;
using System.Net;
using Benchmarks.Tokens;
using Shared.Contracts;

namespace Benchmarks;

/// <summary>
/// How long introspection takes while unauthenticated callers flood each endpoint that anybody can reach, compared with
/// the time without a flood. The responses to the flood do not matter; each connection sends its next request as soon
/// as one arrives.
/// </summary>
internal sealed class Floods(Server auth, IssuedTokens issued, Report report, int callers, int samples)
{
    private static readonly TimeSpan betweenSamples = TimeSpan.FromMilliseconds(5);

    public async Task Measure()
    {
        await Sample();
        report.Latency("introspection, calm", await Sample());
        foreach (var (name, next) in await Kinds())
        {
            using var over = new CancellationTokenSource();
            var flood = Enumerable.Range(0, callers).Select(_ => Task.Run(() => Flood(next, over.Token))).ToList();
            await Sample();
            report.Latency($"introspection, {name}", await Sample());
            await over.CancelAsync();
            await Task.WhenAll(flood);
        }
        report.Latency("introspection, calm again", await Sample());
    }

    private async Task<List<double>> Sample()
    {
        var (times, requests) = (new List<double>(), Requests.Introspect(issued));
        for (var i = 0; i < samples; i++)
        {
            var start = Stopwatch.GetTimestamp();
            await auth.Send(requests[i % requests.Length].ToMessage());
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            await Task.Delay(betweenSamples);
        }
        return times;
    }

    private async Task Flood(Func<HttpRequestMessage> next, CancellationToken over)
    {
        using var handler = new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false };
        using var client = new HttpClient(handler) { BaseAddress = auth.Address };
        while (!over.IsCancellationRequested)
        {
            try
            {
                using var request = next();
                using var response = await client.SendAsync(request, over);
                // Waits like a polite caller; otherwise the flood would measure how fast 429 is sent.
                if (response.StatusCode == HttpStatusCode.TooManyRequests)
                    await Task.Delay(TimeSpan.FromMilliseconds(20), over);
            }
            catch (Exception error) when (error is OperationCanceledException or HttpRequestException)
            {
            }
        }
    }

    /// <summary>The requests, with an antiforgery token and cookie where they are needed.</summary>
    private async Task<(string Name, Func<HttpRequestMessage> Next)[]> Kinds()
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = auth.Address };
        using var page = await client.GetAsync(new Uri("/sign-in", UriKind.Relative));
        var html = await page.Content.ReadAsStringAsync();
        var cookie = page.Headers.GetValues("Set-Cookie")
            .First(value => value.StartsWith("antiforgery", StringComparison.Ordinal))
            .Split(';')[0];
        var token = Hidden(html, "__RequestVerificationToken");
        var ticket = Hidden(html, "ticket");
        return
        [
            ("sign-in, wrong passwords",
                () => Form("sign-in", ("email", $"{Guid.NewGuid()}@example.com"), ("password", "wrong"))),
            ("sign-in, the page", () => new(HttpMethod.Get, new Uri("/sign-in", UriKind.Relative))),
            ("second step, made-up tickets", () => Form("sign-in?handler=Code", ("ticket", "x"), ("code", "123456"))),
            ("passkeys, made-up answers",
                () => Form("sign-in?handler=Passkey", ("ticket", ticket), ("answer", Answer()))),
            ("invitations, made-up codes", () => Form("invitation", ("code", Code()))),
            ("invitations, made-up passwords",
                () => Form("invitation?handler=Accept", ("code", Code()), ("new", "a b c d e f g h"))),
            ("authorize, made-up clients", () => new(
                HttpMethod.Get,
                new Uri($"/connect/authorize?response_type=code&client_id={Guid.NewGuid()}", UriKind.Relative))),
            ("authorize, a real client", () => new(
                HttpMethod.Get,
                new Uri($"/connect/authorize?response_type=code&client_id={issued.Clients[0].Id}", UriKind.Relative))),
            .. new[] { AuthServerPaths.Token, AuthServerPaths.Introspection, "connect/revoke", "connect/par" }
                .SelectMany(path =>
                new (string, Func<HttpRequestMessage>)[]
                {
                    ($"{path}, wrong secrets",
                        () => Client(path, ("client_id", issued.Clients[0].Id), ("client_secret", "wrong"))),
                    ($"{path}, bad assertions", () => Client(
                        path, ("client_id", Audiences.Scim),
                        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                        ("client_assertion", Forged()))),
                }),
        ];

        HttpRequestMessage Form(string path, params (string Name, string Value)[] fields)
        {
            var request = Post(path, [.. fields, ("__RequestVerificationToken", token)]);
            request.Headers.Add("Cookie", cookie);
            return request;
        }
    }

    private static HttpRequestMessage Client(string path, params (string Name, string Value)[] fields) =>
        Post(path, [.. fields, ("grant_type", "client_credentials"), ("token", "x"), ("response_type", "code")]);

    private static HttpRequestMessage Post(string path, (string Name, string Value)[] fields) =>
        new(HttpMethod.Post, new Uri("/" + path, UriKind.Relative))
        {
            Content = new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value))),
        };

    /// <summary>The assertion of Scim.Api with a wrong signature, so that the server has to verify it.</summary>
    private string Forged() =>
        issued.Assertion[..(issued.Assertion.LastIndexOf('.') + 1)] + Convert.ToBase64String(new byte[64]).TrimEnd('=');

    private static string Code() => $"{Guid.NewGuid():N}{Guid.NewGuid():N}"[..43];

    private static string Answer() =>
        $$"""
        {"clientExtensionResults":{},"response":{},"rawId":"AAAA","id":"{{Guid.NewGuid():N}}","type":"public-key"}
        """;

    private static string Hidden(string html, string name)
    {
        var field = html.IndexOf($"name=\"{name}\"", StringComparison.Ordinal);
        var value = html.IndexOf("value=\"", field, StringComparison.Ordinal) + "value=\"".Length;
        return WebUtility.HtmlDecode(html[value..html.IndexOf('"', value)]);
    }
}
