using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Shared.Hosting;

namespace Cluster.Tests;

/// <summary>A credential set that was handed out, and when the call that ended it had answered.</summary>
internal sealed record IssuedSet(Guid Id, string Token)
{
    private long ended = long.MaxValue;

    /// <summary>A time of <see cref="Stopwatch"/>.</summary>
    public long Ended => Volatile.Read(ref ended);

    /// <summary>How many writes with it had been committed by then.</summary>
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

    /// <summary>What the identity provider uses.</summary>
    public IssuedSet Current => current!;

    /// <summary>All that was ever handed out.</summary>
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
    /// Replaces the set; when this returns, all before it is dead. If nobody answers, nobody knows what was done, and
    /// it is done again.
    /// </summary>
    /// <returns>What the answer says of the nodes.</returns>
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

    /// <summary>Makes a set that waits for its first use.</summary>
    public async Task<IssuedSet> Stage()
    {
        var answer = await cluster.Command(
            "credentials", "stage", "--account", id, "--method", "direct-jwt", "--activation", "first-use");
        return Read(answer);
    }

    /// <summary>The identity provider uses a staged set for whatever it begins from now on.</summary>
    public void ChangeOver(IssuedSet staged)
    {
        sets.Enqueue(staged);
        current = staged;
    }

    /// <summary>A set of the past, the last one more often than not.</summary>
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
