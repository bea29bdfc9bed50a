namespace Auth.Server;

/// <summary>A file with secrets in it: of this server's user, and of nobody else.</summary>
internal static class PrivateFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // The group may read: that is how orchestrators hand out secrets.
    private const UnixFileMode Others =
        UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute | UnixFileMode.GroupWrite;

    public static FileStreamOptions NewFile()
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        return options;
    }

    /// <exception cref="UnauthorizedAccessException">Others can read or write it.</exception>
    public static void Require(string file)
    {
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(file) & Others) != 0)
            throw new UnauthorizedAccessException($"others can read or write {file}. Run: chmod 600 {file}");
    }
}
