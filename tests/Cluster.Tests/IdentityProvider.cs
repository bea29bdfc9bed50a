using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;

namespace Cluster.Tests;

/// <summary>
/// Sends requests of a customer to random nodes, most with the current credentials and some with earlier ones, and
/// checks each response against the guarantee.
/// </summary>
internal sealed class IdentityProvider(ClusterOfNodes cluster, Customer customer, Tally tally, int seed)
{
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(20);
    private readonly Random chance = new(seed);
    private int made;

    public async Task Work(CancellationToken until)
    {
        using var http = NewClient();
        while (!until.IsCancellationRequested)
        {
            var set = chance.Next(3) == 0 ? customer.Former(chance) : customer.Current;
            using var request = Next(set);
            await Send(http, request, set);
            await Task.Delay(chance.Next(50), CancellationToken.None);
        }
    }

    /// <summary>Writes whose body arrives late, so that anything may happen in between.</summary>
    public async Task WriteSlowly(CancellationToken until)
    {
        while (!until.IsCancellationRequested)
            await WriteSlowly(customer.Current);
    }

    /// <summary>Whether a node soon admits the customer's credentials.</summary>
    public async Task<bool> IsAdmittedBy(Node node)
    {
        using var http = NewClient();
        for (var tries = 0; tries < 100; tries++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(node.Address, "/scim/v2/Users?count=1"));
            if (await Send(http, request, customer.Current) == HttpStatusCode.OK)
                return true;
            await Task.Delay(100);
        }
        return false;
    }

    private static HttpClient NewClient() =>
        new(new SocketsHttpHandler { UseProxy = false, UseCookies = false }) { Timeout = patience };

    private HttpRequestMessage Next(IssuedSet set)
    {
        var node = cluster.Scim[chance.Next(cluster.Scim.Count)].Address;
        var request = chance.Next(3) switch
        {
            0 => new HttpRequestMessage(HttpMethod.Post, new Uri(node, "/scim/v2/Users"))
            {
                Content = new StringContent(Body(), Encoding.UTF8, "application/scim+json"),
            },
            1 => new(HttpMethod.Get, new Uri(node, "/scim/v2/Users?count=2")),
            _ => new(HttpMethod.Get, new Uri(node, $"/scim/v2/Users/{Guid.NewGuid()}")),
        };
        request.Headers.Authorization = new("Bearer", set.Token);
        return request;
    }

    private async Task<HttpStatusCode?> Send(HttpClient http, HttpRequestMessage request, IssuedSet set)
    {
        request.Headers.Authorization ??= new AuthenticationHeaderValue("Bearer", set.Token);
        var begun = Stopwatch.GetTimestamp();
        try
        {
            using var response = await http.SendAsync(request);
            tally.Count(set, begun, (int)response.StatusCode, $"{request.Method} at {request.RequestUri}");
            return response.StatusCode;
        }
        catch (Exception lost) when (lost is HttpRequestException or OperationCanceledException)
        {
            tally.CountLost();
            return null;
        }
    }

    private async Task WriteSlowly(IssuedSet set)
    {
        var body = Body();
        var node = cluster.Scim[chance.Next(cluster.Scim.Count)].Address;
        try
        {
            using var socket = new TcpClient { NoDelay = true };
            await socket.ConnectAsync(IPAddress.Loopback, node.Port);
            var stream = socket.GetStream();
            await stream.WriteAsync(Encoding.ASCII.GetBytes(
                "POST /scim/v2/Users HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
                + $"{set.Token}\r\nContent-Type: application/scim+json\r\nContent-Length: "
                + $"{body.Length}\r\nConnection: close\r\n\r\n"));
            await Task.Delay(chance.Next(50, 1500));
            var begun = Stopwatch.GetTimestamp();
            await stream.WriteAsync(Encoding.ASCII.GetBytes(body));
            using var limit = new CancellationTokenSource(patience);
            using var reader = new StreamReader(stream);
            if (await reader.ReadLineAsync(limit.Token) is { Length: > 12 } line)
                tally.Count(set, begun, int.Parse(line[9..12], CultureInfo.InvariantCulture), $"slow POST at {node}");
        }
        catch (Exception lost) when (lost is IOException or SocketException or OperationCanceledException)
        {
            tally.CountLost();
            await Task.Delay(50);
        }
    }

    private string Body() =>
        $$"""
        {"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"u{{seed}}-{{++made}}@example.com",
        "name":{"givenName":"Ada","familyName":"Lovelace"},"active":true}
        """;
}
