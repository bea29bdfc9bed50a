using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Shared.Contracts;

namespace Auth.Server.Events;

/// <summary>
/// Something that makes earlier answers of introspection untrue, for the nodes of <c>Scim.Api</c> to hear of. Written
/// in the transaction of the change; numbers have no gaps and are committed in their order.
/// </summary>
internal sealed class Event
{
    public required long Number { get; init; }

    /// <summary>UTC.</summary>
    public required DateTime Time { get; init; }

    /// <summary>One of <see cref="SecurityEvents"/>.</summary>
    public required string Type { get; init; }

    /// <summary>The account it is about; null if it is about all of them.</summary>
    public Guid? AccountId { get; init; }

    /// <summary>The lowest generation that the account admits from now on, if the event raises it.</summary>
    public long? Generation { get; init; }

    /// <summary>The set of that generation; null if nobody has it.</summary>
    public Guid? CredentialSetId { get; init; }

    /// <summary>As a node is told of it.</summary>
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
/// The number of the last event, in one row. Whoever writes an event locks it until the commit; a sequence would let
/// number 2 be seen before number 1.
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
