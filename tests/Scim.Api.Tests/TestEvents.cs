using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Shared.Contracts;

namespace Scim.Api.Tests;

/// <summary>
/// The responses of the <see cref="TestAuthServer"/> to polls for events: leases, and the events that a test sends,
/// until they are acknowledged.
/// </summary>
internal sealed class TestEvents(TestAuthServer server) : IDisposable
{
    // A poll without events is answered rarely, so that polls do not disturb tests.
    private static readonly TimeSpan Hold = TimeSpan.FromSeconds(20);

    private readonly Lock state = new();
    private readonly HashSet<Guid> nodes = [];
    private readonly SortedDictionary<long, (string Set, TaskCompletionSource Acknowledged)> unacknowledged = [];
    private readonly ConcurrentQueue<EventPoll> polls = new();
    private readonly CancellationTokenSource end = new();
    private TaskCompletionSource news = NewSource();
    private long last;
    private Gate? gate;

    /// <summary>All polls, in order.</summary>
    public IReadOnlyCollection<EventPoll> Polls => polls;

    /// <summary>How long a lease lasts: very long, so that a busy machine does not lose it.</summary>
    public int LeaseMilliseconds { get; set; } = 60_000;

    /// <summary>Whether responses say that there are more events.</summary>
    public bool MoreAvailable { get; set; }

    /// <summary>The next poll of each node is answered as if the node were unknown.</summary>
    public void ForgetNodes()
    {
        lock (state)
            nodes.Clear();
        Wake();
    }

    /// <summary>Sends an event to the nodes; ends when it is acknowledged.</summary>
    public Task Send(SecurityEvent happened, string kind = SecurityEvents.CredentialChange) =>
        Send(happened, kind, _ => { });

    /// <summary>Sends an event with an invalid token.</summary>
    public Task Send(SecurityEvent happened, string kind, Action<SecurityTokenDescriptor> change)
    {
        var number = Interlocked.Increment(ref last);
        var token = new SecurityTokenDescriptor
        {
            TokenType = SecurityEvents.TokenType,
            Issuer = server.Url,
            Audience = Audiences.Scim,
            IssuedAt = DateTime.UtcNow,
            Claims = new Dictionary<string, object>
            {
                [JwtRegisteredClaimNames.Jti] = number.ToString(CultureInfo.InvariantCulture),
                ["events"] = new Dictionary<string, object> { [kind] = Members(happened) },
            },
            SigningCredentials = new(server.Key, SecurityAlgorithms.EcdsaSha256),
        };
        change(token);
        var jwt = new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(token);
        var acknowledged = NewSource();
        lock (state)
            unacknowledged[number] = (jwt, acknowledged);
        Wake();
        return acknowledged.Task;
    }

    /// <summary>Withdraws events that were not acknowledged.</summary>
    public void Withdraw()
    {
        lock (state)
            unacknowledged.Clear();
    }

    /// <summary>Answers no poll from now on; returns when one is waiting.</summary>
    public async Task<Gate> HoldAnswers()
    {
        var held = gate = new Gate(this);
        Wake();
        await held.Reached.Task;
        return held;
    }

    /// <summary>Answers the polls that a test has held.</summary>
    public void ReleaseAnswers() => gate?.Release();

    public async Task<EventPage> Answer(EventPoll poll)
    {
        polls.Enqueue(poll);
        var asked = news;
        var isNew = Take(poll);
        if (gate is null && !isNew && !poll.ReturnImmediately && !HasEvents())
            await Task.WhenAny(asked.Task, Task.Delay(Hold, end.Token));
        if (gate is { } held)
        {
            held.Reached.TrySetResult();
            await held.Released.Task;
        }
        lock (state)
            return new EventPage
            {
                Sets = unacknowledged.ToDictionary(
                    e => e.Key.ToString(CultureInfo.InvariantCulture), e => e.Value.Set, StringComparer.Ordinal),
                MoreAvailable = MoreAvailable,
                Reset = isNew || (!poll.Leaves && nodes.Add(poll.Node)),
                LeaseMilliseconds = LeaseMilliseconds,
            };
    }

    /// <summary>Answers all waiting polls, as when the server stops.</summary>
    public void Wake() => Interlocked.Exchange(ref news, NewSource()).TrySetResult();

    public void Dispose()
    {
        end.Cancel();
        ReleaseAnswers();
        Wake();
        end.Dispose();
    }

    /// <summary>Whether the node was unknown.</summary>
    private bool Take(EventPoll poll)
    {
        lock (state)
        {
            foreach (var jti in poll.Acknowledged)
            {
                if (unacknowledged.Remove(long.Parse(jti, CultureInfo.InvariantCulture), out var e))
                    e.Acknowledged.SetResult();
            }
            return !poll.Leaves && nodes.Add(poll.Node);
        }
    }

    private bool HasEvents()
    {
        lock (state)
            return unacknowledged.Count > 0;
    }

    private static Dictionary<string, object> Members(SecurityEvent happened)
    {
        var members = new Dictionary<string, object>();
        if (happened.Account is { } account)
            members["account"] = account.ToString();
        if (happened.Generation is { } generation)
            members["generation"] = generation;
        if (happened.CredentialSet is { } set)
            members["credential_set"] = set.ToString();
        return members;
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Holds responses until it is disposed of.</summary>
    public sealed class Gate(TestEvents events)
    {
        public TaskCompletionSource Reached { get; } = NewSource();

        public TaskCompletionSource Released { get; } = NewSource();

        public void Release()
        {
            Interlocked.CompareExchange(ref events.gate, null, this);
            Released.TrySetResult();
        }
    }
}
