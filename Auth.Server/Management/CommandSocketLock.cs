using Shared.Hosting;

namespace Auth.Server.Management;

/// <summary>
/// Locks the <see cref="CommandSocket"/> of a data directory for one server at a time. Only that server deletes the
/// socket of a server that was killed, and listens there. A second server on the same directory is refused, even with
/// another database: it would replace the socket, and commands would no longer reach the first server.
/// </summary>
internal sealed class CommandSocketLock : IDisposable
{
    private readonly IDisposable fileLock;

    /// <exception cref="OperatorException">Another server uses this data directory.</exception>
    public CommandSocketLock(AuthOptions options)
    {
        var socket = CommandSocket.PathIn(options.DataDirectory);
        fileLock = FileLock.TryTake($"{socket}.lock") ?? throw new OperatorException(
            $"another Auth.Server uses the same Auth:DataDirectory, {Path.GetDirectoryName(socket)}. "
            + "Stop it first, or give each server its own directory.");
        File.Delete(socket);
    }

    public void Dispose() => fileLock.Dispose();
}
