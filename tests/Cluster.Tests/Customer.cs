using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Shared.Hosting;

namespace Cluster.Tests;

/// <summary>A credential set that was issued, and when the call that ended it returned.</summary>
internal sealed record IssuedSet(Guid Id, string Token)
{
    private long ended = long.MaxValue;

    /// <summary>A time of <see cref="Stopwatch"/>.</summary>
    public long Ended => Volatile.Read(ref ended);

    /// <summary>How many of its writes had been committed by then.</summary>
    public long? Writes { get; set; }

    public void End() => Interlocked.CompareExchange(ref ended, Stopwatch.GetTimestamp(), long.MaxValue);
}

/// <summary>An account whose credentials are rotated while its identity provider works.</summary>
internal sealed class Customer(ClusterOfNodes cluster, string id)
{
    private readonly ConcurrentQueue<IssuedSet> sets = new();
    private volatile IssuedSet? current;

    /// <summary>The account's id.</summary>
    public string Id => id;

    /// <summary>The set that the identity provider uses.</summary>
    public IssuedSet Current => current!;

    /// <summary>All sets that were ever issued.</summary>
    public IReadOnlyCollection<IssuedSet> Sets => sets;

    public static async Task<Customer> Open(ClusterOfNodes cluster, string name)
    {
        var account = await cluster.Command(
            "accounts", "create", "--name", name, "--scim", "on", "--rate-limit", "none", "--licence", "portal=100000");
        var customer = new Customer(cluster, (string)account["accountId"]!);
        await customer.Rotate();
        return customer;
    }

    /// <summary>
    /// Replaces the set. When this returns, all earlier sets have ended. If there is no answer, the outcome is unknown,
    /// and it is replaced again.
    /// </summary>
    /// <returns>What the answer says about the nodes.</returns>
    public async Task<string> Rotate()
    {
        while (true)
        {
            try
            {
                var answer = await cluster.Command(
                    "credentials", "generate", "--account", id, "--method", "direct-jwt");
                return await Replace(Read(answer), (string)answer["confirmation"]!);
            }
            catch (Exception lost) when (
                lost is InvalidOperationException or OperatorException or HttpRequestException or IOException)
            {
                await Task.Delay(200);
            }
        }
    }

    /// <summary>Stages a set that its first use activates.</summary>
    public async Task<IssuedSet> Stage()
    {
        var answer = await cluster.Command(
            "credentials", "stage", "--account", id, "--method", "direct-jwt", "--activation", "first-use");
        return Read(answer);
    }

    /// <summary>The identity provider uses a staged set for all requests that it begins from now on.</summary>
    public void ChangeOver(IssuedSet staged)
    {
        sets.Enqueue(staged);
        current = staged;
    }

    /// <summary>An ended set, most often the last one.</summary>
    public IssuedSet Former(Random chance)
    {
        var former = sets.Where(set => set.Ended != long.MaxValue).TakeLast(chance.Next(1, 4)).FirstOrDefault();
        return former ?? Current;
    }

    private static IssuedSet Read(JsonObject answer) => new((Guid)answer["credentialSetId"]!, (string)answer["token"]!);

    private async Task<string> Replace(IssuedSet next, string confirmation)
    {
        var ended = sets.Where(set => set.Ended == long.MaxValue).ToList();
        foreach (var set in ended)
            set.End();
        sets.Enqueue(next);
        current = next;
        foreach (var set in ended)
            set.Writes = await cluster.WritesOf(set.Id);
        return confirmation;
    }
}
