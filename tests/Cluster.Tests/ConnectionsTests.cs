using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;

namespace Cluster.Tests;

/// <summary>
/// Two nodes of each server with only the required settings, a hundred concurrent clients, and a PostgreSQL server with
/// its default of 100 connections: requests wait for a free connection, and none is refused.
/// <c>CLUSTER_CONNECTIONS</c> measures other settings, such as Npgsql's own: <c>Maximum Pool Size=100;Timeout=15</c>.
/// </summary>
public sealed class ConnectionsTests
{
    private const int Clients = 100;
    private static readonly TimeSpan duration = TimeSpan.FromSeconds(10);

    [Test]
    public async Task A_hundred_clients_at_once_are_all_served()
    {
        var connections = Environment.GetEnvironmentVariable("CLUSTER_CONNECTIONS") ?? "";
        await using var cluster = await ClusterOfNodes.Start(
            nodes: 2, postgres: "-c max_connections=100", connections: connections);
        var customers = await Task.WhenAll(
            Enumerable.Range(0, 10).Select(i => Customer.Open(cluster, $"Customer {i}")));
        var client = await cluster.Command(
            "credentials", "generate", "--account", customers[0].Id, "--method", "oauth2", "--redirect-uri",
            "https://a.example/");
        var statuses = new ConcurrentDictionary<string, int>();
        using var stop = new CancellationTokenSource(duration);

        await Task.WhenAll(Enumerable.Range(0, Clients).Select(i => Task.Run(() => i % 4 == 0
            ? RequestTokens(
                cluster, i, (string)client["clientId"]!, (string)client["clientSecret"]!, statuses, stop.Token)
            : Provision(cluster, i, customers[1 + (i % 9)], statuses, stop.Token))));

        var counts = string.Join(
            ", ", statuses.OrderBy(status => status.Key).Select(status => $"{status.Value} × {status.Key}"));
        await TestContext.Out.WriteLineAsync(
            $"{Clients} clients for {duration.TotalSeconds} s, \"{connections}\": {counts}");
        if (connections.Length == 0)
        {
            // On a busy machine Scim.Api may give up on Auth.Server (503), but a connection is never refused.
            Assert.That(
                cluster.HasLogged("53300") || cluster.HasLogged("pool has been exhausted"), Is.False, cluster.Logs());
            Assert.That(
                statuses.Keys.Where(key => key.EndsWith(" 500", StringComparison.Ordinal)), Is.Empty, cluster.Logs());
            Assert.That(statuses.Values.Sum(), Is.GreaterThan(Clients));
        }
    }

    private static async Task RequestTokens(
        ClusterOfNodes cluster, int i, string id, string secret, ConcurrentDictionary<string, int> statuses,
        CancellationToken stop)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(60) };
        var node = cluster.Auth[i / 4 % 2].Address;
        while (!stop.IsCancellationRequested)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(node, "/connect/token"));
            request.Headers.Authorization = new AuthenticationHeaderValue(
                "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{id}:{secret}")));
            request.Content = new FormUrlEncodedContent([new("grant_type", "client_credentials")]);
            await Send(http, request, "token", statuses);
        }
    }

    private static async Task Provision(
        ClusterOfNodes cluster, int i, Customer customer, ConcurrentDictionary<string, int> statuses,
        CancellationToken stop)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(60) };
        var node = cluster.Scim[i % 2].Address;
        for (var made = 0; !stop.IsCancellationRequested; made++)
        {
            using var request = made % 3 == 0
                ? new HttpRequestMessage(HttpMethod.Post, new Uri(node, "/scim/v2/Users"))
                {
                    Content = new StringContent(
                        $$"""
                        {"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"u{{i}}-{{made}}@example.com",
                        "name":{"givenName":"Ada","familyName":"Lovelace"},"active":true}
                        """,
                        Encoding.UTF8,
                        "application/scim+json"),
                }
                : new(HttpMethod.Get, new Uri(node, "/scim/v2/Users?count=10"));
            request.Headers.Authorization = new("Bearer", customer.Current.Token);
            await Send(http, request, "SCIM", statuses);
        }
    }

    private static async Task Send(
        HttpClient http, HttpRequestMessage request, string what, ConcurrentDictionary<string, int> statuses)
    {
        string outcome;
        try
        {
            using var response = await http.SendAsync(request);
            outcome = $"{what} {(int)response.StatusCode}";
        }
        catch (Exception lost) when (lost is HttpRequestException or OperationCanceledException)
        {
            outcome = $"{what} lost";
        }
        statuses.AddOrUpdate(outcome, 1, (_, before) => before + 1);
    }
}
