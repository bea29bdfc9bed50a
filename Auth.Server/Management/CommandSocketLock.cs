using Auth.Server.Data;
using Shared.Hosting;

namespace Auth.Server.Management;

/// <summary>
/// The right to the <see cref="CommandSocket"/> of a data directory, which one server has at a time: it alone deletes
/// what a server that was killed has left behind, and listens there. A second server on the same directory is refused,
/// whatever its database: it would take the socket away, and commands would change data behind the first one's back.
/// </summary>
internal sealed class CommandSocketLock : IDisposable
{
    private readonly IDisposable owned;

    /// <exception cref="OperatorException">Another server runs on this data directory.</exception>
    public CommandSocketLock(AuthOptions options)
    {
        var socket = CommandSocket.PathIn(options.DataDirectory);
        owned = FileLock.TryTake($"{socket}.lock") ?? throw new OperatorException(
            $"another Auth.Server runs on Auth:DataDirectory, {Path.GetDirectoryName(socket)}. "
            + "Stop it first, or give each server a directory of its own.");
        File.Delete(socket);
    }

    public void Dispose() => owned.Dispose();
}
