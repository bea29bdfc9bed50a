using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Auth.Server.Events;

/// <summary>
/// A process of <c>Scim.Api</c> that has polled for events or introspected a token. For an hour after its last contact,
/// every revocation waits for its acknowledgement, or until it can no longer accept any request.
/// </summary>
internal sealed class Node
{
    public const int LongestName = 100;

    /// <summary>For how long after its last contact a node may still be running.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromHours(1);

    /// <summary>How long a node may rely on knowing all events, counted from just before it sent its poll.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(1.5);

    /// <summary>A random id that the process generates at its start.</summary>
    public required Guid Id { get; init; }

    /// <summary>The display name.</summary>
    public required string Name { get; init; }

    /// <summary>The last event that the node has applied; null if it never polled.</summary>
    public long? Acknowledged { get; init; }

    /// <summary>The node's last contact, UTC; at most ten minutes out of date.</summary>
    public required DateTime LastSeen { get; init; }

    /// <summary>
    /// A new value each time another node starts under the same name and this one is to be retired
    /// (<see cref="NodeRetirement"/>). Any contact from this node clears it before the node gets a response.
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
