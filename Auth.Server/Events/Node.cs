using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Auth.Server.Events;

/// <summary>
/// A process of <c>Scim.Api</c> that has polled for events or introspected a token. For an hour after it was last heard
/// of, every ending waits for its acknowledgement, or until it cannot admit anybody any more.
/// </summary>
internal sealed class Node
{
    public const int LongestName = 100;

    /// <summary>For how long a node that is not heard of may still be there.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromHours(1);

    /// <summary>How long a node relies on having heard of everything, counted from before it sent its poll.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(1.5);

    /// <summary>Drawn by the process at its start.</summary>
    public required Guid Id { get; init; }

    /// <summary>What people call it.</summary>
    public required string Name { get; init; }

    /// <summary>The last event that the node has applied; null if it never polled.</summary>
    public long? Acknowledged { get; init; }

    /// <summary>When the node was last heard of, UTC, at most ten minutes too early.</summary>
    public required DateTime LastSeen { get; init; }

    /// <summary>
    /// Set while a node that has started under the same name waits for this one to be retired
    /// (<see cref="NodeRetirement"/>), a new value each time. Whoever hears of this node clears it, before the node
    /// gets an answer.
    /// </summary>
    public Guid? Retirement { get; init; }

    internal sealed class Configuration : IEntityTypeConfiguration<Node>
    {
        public void Configure(EntityTypeBuilder<Node> node)
        {
            node.ToTable("Nodes");
            node.Property(n => n.Id).ValueGeneratedNever();
            node.Property(n => n.Name).HasMaxLength(LongestName);
        }
    }
}

/// <summary>The table of nodes.</summary>
internal static class NodeTables
{
    extension(AuthDbContext db)
    {
        public DbSet<Node> Nodes => db.Set<Node>();
    }
}
