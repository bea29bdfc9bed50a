using System.Net;
using System.Net.Sockets;

namespace Cluster.Tests;

/// <summary>
/// The network between a node of <c>Scim.Api</c> and the authorization servers: it connects to one that listens, may be
/// slow on some connections, and may be cut.
/// </summary>
internal sealed class Wire : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly IReadOnlyList<Uri> ends;
    private readonly Task accepting;
    private CancellationTokenSource cut = new();
    private int first;

    /// <param name="ends">The servers. It connects to the first that listens.</param>
    /// <param name="first">The one that is tried first.</param>
    public Wire(IReadOnlyList<Uri> ends, int first)
    {
        (this.ends, this.first) = (ends, first);
        listener.Start();
        accepting = Accept();
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");

    /// <summary>How late responses arrive, by connection; on some, they are not late.</summary>
    public Func<TimeSpan> Delay { get; set; } = () => TimeSpan.Zero;

    /// <summary>Whether new connections are refused.</summary>
    public bool IsDown { get; set; }

    /// <summary>Breaks all connections, even in the middle of a message.</summary>
    public void Cut()
    {
        var before = Interlocked.Exchange(ref cut, new());
        before.Cancel();
        first++;
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Stop();
        Cut();
        await accepting;
        stop.Dispose();
    }

    private async Task Accept()
    {
        try
        {
            while (true)
                _ = Carry(await listener.AcceptTcpClientAsync(stop.Token));
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The end of the test.
        }
    }

    private async Task Carry(TcpClient near)
    {
        var broken = cut.Token;
        using (near)
        {
            try
            {
                if (IsDown)
                    return;
                using var far = await Connect();
                near.NoDelay = far.NoDelay = true;
                using var one = CancellationTokenSource.CreateLinkedTokenSource(broken, stop.Token);
                await Task.WhenAny(
                    Copy(near.GetStream(), far.GetStream(), () => TimeSpan.Zero, one.Token),
                    Copy(far.GetStream(), near.GetStream(), Delay, one.Token));
            }
            catch (Exception down) when (down is IOException or SocketException or OperationCanceledException)
            {
                // The near end notices the closed connection.
            }
        }
    }

    private async Task<TcpClient> Connect()
    {
        for (var tries = 0; ; tries++)
        {
            var end = ends[(first + tries) % ends.Count];
            var far = new TcpClient();
            try
            {
                await far.ConnectAsync(IPAddress.Loopback, end.Port);
                return far;
            }
            catch (SocketException) when (tries + 1 < ends.Count)
            {
                far.Dispose();
            }
        }
    }

    private static async Task Copy(
        NetworkStream from, NetworkStream to, Func<TimeSpan> delay, CancellationToken broken)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (await from.ReadAsync(buffer, broken) is > 0 and var read)
            {
                if (delay() is var wait && wait > TimeSpan.Zero)
                    await Task.Delay(wait, broken);
                await to.WriteAsync(buffer.AsMemory(0, read), broken);
            }
        }
        catch (Exception ended) when (ended is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The other direction ends, too.
        }
    }
}
