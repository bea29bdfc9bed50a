using Auth.Server.Audit;
using Auth.Server.Events;

namespace Auth.Server.Operations;

/// <summary>
/// An operation in progress: its transaction is open, and its audit entry and events are part of it. A method that
/// takes one must be called within an operation.
/// </summary>
internal sealed class UnitOfWork(Actor actor, AuditEntry entry, EventLog events, TimeProvider time)
{
    private readonly List<AuditEntry> consequences = [];

    /// <summary>Who asks for the operation.</summary>
    public Actor Actor => actor;

    /// <summary>The operation's audit entry, which it completes: what it was done to, and how.</summary>
    public AuditEntry Entry => entry;

    /// <summary>The number of the last event that the operation waits for; null if there is none.</summary>
    public long? LastEvent { get; private set; }

    /// <summary>Whether the operation leaves its entry in the audit trail.</summary>
    public bool LeavesEntry { get; private set; } = true;

    /// <summary>Entries about what this server did because of the operation, which come after its own.</summary>
    public IReadOnlyList<AuditEntry> Consequences => consequences;

    /// <summary>Publishes an event that every node has to apply before the operation is done.</summary>
    /// <returns>The event's number.</returns>
    public Task<long> Publish(string type, Guid? account, CancellationToken cancellation) =>
        Publish(type, account, generation: null, credentialSet: null, cancellation);

    /// <inheritdoc cref="Publish(string, Guid?, CancellationToken)"/>
    public async Task<long> Publish(
        string type, Guid? account, long? generation, Guid? credentialSet, CancellationToken cancellation)
    {
        var number = await events.Append(type, account, generation, credentialSet, cancellation);
        LastEvent = number;
        return number;
    }

    /// <summary>
    /// Publishes an event that the operation does not wait for: one before it already ends all access that this one
    /// ends.
    /// </summary>
    public Task PublishUnawaited(
        string type, Guid? account, long? generation, Guid? credentialSet, CancellationToken cancellation) =>
        events.Append(type, account, generation, credentialSet, cancellation);

    /// <summary>Somebody else has done the same in the meantime: the operation leaves no entry of its own.</summary>
    public void LeaveNoEntry() => LeavesEntry = false;

    /// <summary>Adds an entry about what this server did because of the operation.</summary>
    public void AddConsequence(AuditAction action, Guid account, string about, string detail) => consequences.Add(new()
    {
        Time = time.GetUtcNow().UtcDateTime,
        AccountId = account,
        ActorKind = Actor.Server.Kind,
        ActorName = Actor.Server.Name,
        Action = action,
        About = about,
        Detail = detail,
    });
}
