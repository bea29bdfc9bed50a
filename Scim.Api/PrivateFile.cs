using Microsoft.Data.Sqlite;

namespace Scim.Api;

/// <summary>A file with secrets or people in it: of this server's user, and of nobody else.</summary>
internal static class PrivateFile
{
    // The group may read: that is how orchestrators hand out secrets.
    private const UnixFileMode Others =
        UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute | UnixFileMode.GroupWrite;

    /// <summary>How a new one is made.</summary>
    public static FileStreamOptions New()
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return options;
    }

    /// <summary>Why it is not private, as a sentence; null if it is, or is not there.</summary>
    public static string? Fault(string file) =>
        !OperatingSystem.IsWindows() && File.Exists(file) && (File.GetUnixFileMode(file) & Others) != 0
            ? $"Others can read or write {file}. Run: chmod 600 {file}"
            : null;

    /// <summary>
    /// Makes an SQLite database, unless it exists. A user takes 1.6 KB and more, of which pages of SQLite's usual 4 KB
    /// leave a fifth empty; with 8 KB the file is 15 % smaller, and fewer of its pages lead to a user.
    /// </summary>
    public static void MakeDatabase(string connectionString)
    {
        var file = new SqliteConnectionStringBuilder(connectionString).DataSource;
        if (File.Exists(file))
            return;
        try
        {
            new FileStream(file, New()).Dispose();
        }
        catch (IOException) when (File.Exists(file))
        {
            // Another process was faster.
            return;
        }
        // Not empty, or Entity Framework, which looks whether it exists, would try to write to it without the right to.
        using var connection = new SqliteConnection(connectionString);
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL";
        command.ExecuteNonQuery();
    }
}
