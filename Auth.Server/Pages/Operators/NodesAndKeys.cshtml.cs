using Auth.Server.Data;
using Auth.Server.Events;
using Auth.Server.KeyLifecycle;
using Auth.Server.Keys;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Pages.Operators;

/// <summary>The nodes of <c>Scim.Api</c>, the keys of this server, and the certificate that encrypts them.</summary>
internal sealed class NodesAndKeysModel(
    AuthDbContext db, KeyRotation rotation, AuthOptions options, TimeProvider time) : PortalPage
{
    public const string Path = "/operator/nodes-and-keys";

    /// <summary>The nodes, by name.</summary>
    public IReadOnlyList<Node> Nodes { get; private set; } = [];

    /// <summary>The number of the newest event, which each node has yet to apply or has applied.</summary>
    public long LastEvent { get; private set; }

    public IReadOnlyList<ListedKey> Keys { get; private set; } = [];

    /// <summary>From when and until when the certificate is valid, UTC.</summary>
    public (DateTime From, DateTime Until) Certificate { get; private set; }

    /// <summary>How far a node is, and the tone of its badge.</summary>
    public (string Text, string Tone) ProgressOf(Node node) => node.Acknowledged switch
    {
        null => ("Has not asked for events", "warning"),
        { } number when number >= LastEvent => ("Up to date", "good"),
        { } number => ($"{LastEvent - number} behind", "warning"),
    };

    /// <summary>Whether the node's last poll is recent enough that it may rely on it.</summary>
    public bool HasLease(Node node) =>
        node.Acknowledged is not null && node.LastSeen > time.GetUtcNow().UtcDateTime - Node.Lease;

    public static string ToneOf(KeyState state) => state switch
    {
        KeyState.Active => "good",
        KeyState.Withdrawn => "error",
        _ => "",
    };

    public async Task OnGet(CancellationToken cancellation)
    {
        // First, so that no node can be ahead.
        Nodes = await db.Nodes.AsNoTracking().OrderBy(node => node.Name).ThenBy(node => node.Id)
            .ToListAsync(cancellation);
        LastEvent = await db.EventCounter.Select(counter => counter.Last).SingleAsync(cancellation);
        Keys = await rotation.List(cancellation);
        Certificate = KeyCertificate.ValidityOf(options.KeyCertificate);
    }
}
