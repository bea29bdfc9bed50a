namespace Shared.Hosting;

/// <summary>
/// An exclusive lock on a file, held by one process. The operating system releases it when the process ends, however it
/// ends. The file itself stays and means nothing. Only its owner can read it.
/// </summary>
public static class FileLock
{
    // EWOULDBLOCK on Linux and on macOS, and ERROR_SHARING_VIOLATION on Windows. Other errors, such as a full disk, are
    // not a lock.
    private static readonly int[] heldByOther = [11, 35, unchecked((int)0x80070020)];

    /// <summary>Takes the lock until it is disposed; null if another process holds it.</summary>
    public static IDisposable? TryTake(string file)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None,
        };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        try
        {
            return new FileStream(file, options);
        }
        catch (IOException error) when (heldByOther.Contains(error.HResult))
        {
            return null;
        }
    }
}
