namespace Auth.Server.Data;

/// <summary>
/// A lock that one process holds on a file. The operating system releases it when the process ends for whatever reason.
/// The file stays; its existence means nothing.
/// </summary>
internal static class FileLock
{
    // EWOULDBLOCK on Linux and on macOS, and ERROR_SHARING_VIOLATION on Windows. Other errors, such
    // as a full disk, are thrown.
    private static readonly int[] heldByOther = [11, 35, unchecked((int)0x80070020)];

    /// <summary>Takes the lock until it is disposed of; null if another process has it.</summary>
    public static IDisposable? TryTake(string file)
    {
        try
        {
            return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error) when (heldByOther.Contains(error.HResult))
        {
            return null;
        }
    }
}
