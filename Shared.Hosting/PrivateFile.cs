namespace Shared.Hosting;

/// <summary>A file with secrets or personal data, which only the server's own user may read.</summary>
public static class PrivateFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // The group may read: orchestrators mount secrets that way.
    private const UnixFileMode Forbidden =
        UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute | UnixFileMode.GroupWrite;

    /// <summary>Creates a file for writing. Fails if the file exists.</summary>
    public static FileStream Create(string file)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        return new(file, options);
    }

    /// <summary>Why a file is not private, as a sentence; null if it is private, or does not exist.</summary>
    public static string? Fault(string file) =>
        !OperatingSystem.IsWindows() && File.Exists(file) && (File.GetUnixFileMode(file) & Forbidden) != 0
            ? $"Others can read or write {file}. Run: chmod 600 {file}"
            : null;

    /// <summary>Requires that a file is private.</summary>
    /// <exception cref="OperatorException">Others can read or write it.</exception>
    public static void Require(string file)
    {
        if (Fault(file) is { } fault)
            throw new OperatorException(fault);
    }
}
