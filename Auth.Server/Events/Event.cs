using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Shared.Contracts;

namespace Auth.Server.Events;

/// <summary>
/// A change that invalidates earlier introspection responses and is announced to the nodes of <c>Scim.Api</c>. Events
/// are written in the transaction of the change. Their numbers have no gaps and are committed in order.
/// </summary>
internal sealed class Event
{
    public required long Number { get; init; }

    /// <summary>UTC.</summary>
    public required DateTime Time { get; init; }

    /// <summary>One of <see cref="SecurityEvents"/>.</summary>
    public required string Type { get; init; }

    /// <summary>The account that the event concerns; null if it concerns all accounts.</summary>
    public Guid? AccountId { get; init; }

    /// <summary>The account's new minimum generation, if the event raises it.</summary>
    public long? Generation { get; init; }

    /// <summary>The set of that generation; null if there is none.</summary>
    public Guid? CredentialSetId { get; init; }

    /// <summary>The event as it is sent to a node.</summary>
    public SecurityEvent Content => new()
    {
        Account = AccountId, Generation = Generation, CredentialSet = CredentialSetId,
    };

    internal sealed class Configuration : IEntityTypeConfiguration<Event>
    {
        public void Configure(EntityTypeBuilder<Event> @event)
        {
            @event.ToTable("Events");
            @event.HasKey(e => e.Number);
            @event.Property(e => e.Number).ValueGeneratedNever();
            @event.Property(e => e.Type).HasMaxLength(200);
            @event.HasIndex(e => e.Time);
        }
    }
}

/// <summary>
/// The number of the last event, in a single row. Writing an event locks the row until the commit; with a sequence,
/// event 2 could become visible before event 1.
/// </summary>
internal sealed class EventCounter
{
    public const int TheOne = 1;

    public int Id { get; init; }

    public long Last { get; init; }

    internal sealed class Configuration : IEntityTypeConfiguration<EventCounter>
    {
        public void Configure(EntityTypeBuilder<EventCounter> counter)
        {
            counter.ToTable("EventCounter");
            counter.Property(c => c.Id).ValueGeneratedNever();
            counter.HasData(new EventCounter { Id = TheOne, Last = 0 });
        }
    }
}

/// <summary>The tables of events.</summary>
internal static class EventTables
{
    extension(AuthDbContext db)
    {
        public DbSet<Event> Events => db.Set<Event>();

        public DbSet<EventCounter> EventCounter => db.Set<EventCounter>();
    }
}
