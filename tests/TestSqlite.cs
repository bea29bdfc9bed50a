using Microsoft.Data.Sqlite;

namespace SciLeads.Tests;

/// <summary>The SQLite databases of servers under test.</summary>
internal static class TestSqlite
{
    /// <summary>Closes the pooled connections to a database, so that nothing holds its file.</summary>
    public static void ClearPool(string connectionString)
    {
        using var connection = new SqliteConnection(connectionString);
        SqliteConnection.ClearPool(connection);
    }
}
