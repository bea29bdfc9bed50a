using Auth.Server.Audit;
using Auth.Server.Events;

namespace Auth.Server.Operations;

/// <summary>
/// An operation in progress, with an open transaction that includes its audit entry and events. A method with a
/// parameter of this type must be called within an operation.
/// </summary>
internal sealed class UnitOfWork(Actor actor, AuditEntry entry, EventLog events, TimeProvider time)
{
    private readonly List<AuditEntry> consequences = [];

    /// <summary>Who asks for the operation.</summary>
    public Actor Actor => actor;

    /// <summary>The operation's audit entry. The operation fills in its subject and details.</summary>
    public AuditEntry Entry => entry;

    /// <summary>The number of the last event that the operation waits for; null if there is none.</summary>
    public long? LastEvent { get; private set; }

    /// <summary>Whether the operation's entry is written to the audit trail.</summary>
    public bool WritesAuditEntry { get; private set; } = true;

    /// <summary>Entries about the consequences of the operation, written after its own.</summary>
    public IReadOnlyList<AuditEntry> Consequences => consequences;

    /// <summary>Publishes an event that every node must apply before the operation is complete.</summary>
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
    /// Publishes an event that the operation does not wait for, as an earlier one already ends the same access.
    /// </summary>
    public Task PublishUnawaited(
        string type, Guid? account, long? generation, Guid? credentialSet, CancellationToken cancellation) =>
        events.Append(type, account, generation, credentialSet, cancellation);

    /// <summary>Omits the operation's own entry, because somebody else has done the same in the meantime.</summary>
    public void SkipAuditEntry() => WritesAuditEntry = false;

    /// <summary>Adds an entry about a consequence of the operation.</summary>
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
