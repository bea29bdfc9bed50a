namespace Shared.Hosting;

/// <summary>A file with secrets or with people in it: only the user that the server runs as may read it.</summary>
public static class PrivateFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // The group may read: that is how orchestrators hand out secrets.
    private const UnixFileMode Others =
        UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute | UnixFileMode.GroupWrite;

    /// <summary>Opens a new file for writing, which fails if there is one already.</summary>
    public static FileStream Create(string file)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        return new(file, options);
    }

    /// <summary>Why a file is not private, as a sentence; null if it is private, or does not exist.</summary>
    public static string? Fault(string file) =>
        !OperatingSystem.IsWindows() && File.Exists(file) && (File.GetUnixFileMode(file) & Others) != 0
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
