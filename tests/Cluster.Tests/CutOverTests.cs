using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace Cluster.Tests;

/// <summary>
/// A staged rotation during a stream of requests to all nodes: at some point, the identity provider begins all requests
/// with the new credentials, while requests with the old ones are in progress. Not one of its requests fails.
/// </summary>
public sealed class CutOverTests
{
    private const int Rotations = 8;
    private const int Workers = 4;

    private readonly ConcurrentQueue<string> failures = new();
    private ClusterOfNodes cluster = null!;
    private Customer customer = null!;
    private int requests;

    [Test]
    public async Task A_client_that_changes_over_when_it_is_told_loses_no_request()
    {
        await using var started = cluster = await ClusterOfNodes.Start();
        customer = await Customer.Open(cluster, "Customer");
        using var stop = new CancellationTokenSource();
        var work = Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => Work(worker, stop.Token)));

        // Code that runs for the first time is slow.
        await Task.Delay(TimeSpan.FromSeconds(3));
        for (var rotation = 0; rotation < Rotations; rotation++)
        {
            var old = customer.Current;
            customer.ChangeOver(await customer.Stage());
            await UntilRefused(old);
            // A minute, for a busy build machine; else, a fraction of a second.
            Assert.That(
                () => cluster.WritesOf(customer.Current.Id),
                Is.Positive.After(60_000, 50),
                "Nothing is written with the new set.");
        }

        await stop.CancelAsync();
        await work;
        await TestContext.Out.WriteLineAsync($"{Rotations} rotations, {requests} requests, {failures.Count} failed");
        Assert.That(failures, Is.Empty, cluster.Logs());
    }

    /// <summary>
    /// Creates, changes and reads users, each request with the credentials that are in use when it begins.
    /// </summary>
    private async Task Work(int worker, CancellationToken until)
    {
        using var http = new HttpClient();
        for (var made = 0; !until.IsCancellationRequested; made++)
        {
            var user = await Succeed(http, HttpMethod.Post, "Users", 201, $$"""
                {"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"u{{worker}}-{{made}}@example.com",
                "name":{"givenName":"Ada","familyName":"Lovelace"} }
                """);
            var path = $"Users/{(string?)user?["id"]}";
            await Succeed(http, HttpMethod.Patch, path, 200, """
                {"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                "Operations":[{"op":"replace","path":"title","value":"Countess"}]}
                """);
            await Succeed(http, HttpMethod.Get, path, 200);
            await Succeed(http, HttpMethod.Get, "Users?count=5", 200);
            await Task.Delay(30, CancellationToken.None);
        }
    }

    private async Task UntilRefused(IssuedSet old)
    {
        using var http = new HttpClient();
        for (var tries = 0; tries < 100; tries++)
        {
            using var response = await Send(http, HttpMethod.Get, "Users?count=1", old);
            if (response.StatusCode == HttpStatusCode.Unauthorized)
                return;
            await Task.Delay(100);
        }
        Assert.Fail($"The old set is still admitted. {string.Join('\n', failures)} {cluster.Logs()}");
    }

    private async Task<JsonNode?> Succeed(
        HttpClient http, HttpMethod method, string path, int status, string? body = null)
    {
        Interlocked.Increment(ref requests);
        using var response = await Send(http, method, path, customer.Current, body);
        var answer = await response.Content.ReadAsStringAsync();
        if ((int)response.StatusCode == status)
            return JsonNode.Parse(answer);
        failures.Enqueue($"{method} {path}: {(int)response.StatusCode} {answer}");
        return null;
    }

    private async Task<HttpResponseMessage> Send(
        HttpClient http, HttpMethod method, string path, IssuedSet set, string? body = null)
    {
        // The random number is not a secret.
        var node = cluster.Scim[Random.Shared.Next(cluster.Scim.Count)];
        using var request = new HttpRequestMessage(method, new Uri(node.Address, $"/scim/v2/{path}"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", set.Token);
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/scim+json");
        return await http.SendAsync(request);
    }
}
