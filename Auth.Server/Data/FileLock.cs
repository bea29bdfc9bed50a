namespace Auth.Server.Data;

/// <summary>
/// A lock that one process holds on a file. The operating system releases it when the process ends, however it ends; so
/// the file stays, and says nothing by being there.
/// </summary>
internal static class FileLock
{
    // EWOULDBLOCK of Linux and of macOS, and ERROR_SHARING_VIOLATION of Windows. A full disk is another matter.
    private static readonly int[] heldByOther = [11, 35, unchecked((int)0x80070020)];

    /// <summary>Takes the lock until it is disposed; null if somebody else has it.</summary>
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
