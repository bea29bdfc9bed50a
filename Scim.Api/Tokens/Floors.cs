using System.Collections.Concurrent;
using Shared.Contracts;

namespace Scim.Api.Tokens;

/// <summary>
/// What the events say that this node has applied: of each account the lowest generation that it admits, and when the
/// last event came. When is a number that grows with every event; so an answer in flight, or kept, is out of date if an
/// event of its account came after it was asked for.
/// </summary>
internal sealed class Floors
{
    /// <summary>Beyond so many accounts all are forgotten, as if an event of everybody had come.</summary>
    public const int MostAccounts = 10_000;

    private readonly ConcurrentDictionary<Guid, Floor> accounts = new();
    private readonly Lock raising = new();
    private long last;
    private long lastOfEverybody;

    /// <summary>The number of the last event.</summary>
    public long Last => Volatile.Read(ref last);

    /// <summary>Whether no event of the account, or of everybody, came after this one.</summary>
    public bool IsUnchanged(Guid? account, long since)
    {
        // In this order: whoever forgets the accounts has counted an event of everybody before.
        var changed = account is { } id && accounts.TryGetValue(id, out var floor) && floor.Last > since;
        return !changed && Volatile.Read(ref lastOfEverybody) <= since;
    }

    /// <summary>Whether the account's floor lets the generation pass.</summary>
    public bool Admits(Guid account, long generation) =>
        !accounts.TryGetValue(account, out var floor) || floor.Generation <= generation;

    public void Raise(SecurityEvent happened)
    {
        lock (raising)
        {
            var number = last + 1;
            if (happened.Account is not { } account)
                Volatile.Write(ref lastOfEverybody, number);
            else
                accounts[account] = new(number, Math.Max(happened.Generation ?? 0, GenerationOf(account, number)));
            // Last, so that who asks meanwhile counts as having asked before.
            Volatile.Write(ref last, number);
        }
    }

    private long GenerationOf(Guid account, long number)
    {
        if (accounts.TryGetValue(account, out var floor))
            return floor.Generation;
        if (accounts.Count >= MostAccounts)
        {
            Volatile.Write(ref lastOfEverybody, number);
            accounts.Clear();
        }
        return 0;
    }

    private readonly record struct Floor(long Last, long Generation);
}
