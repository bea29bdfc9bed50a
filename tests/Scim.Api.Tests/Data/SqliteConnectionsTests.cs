using System.Globalization;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Scim.Api.Data;

namespace Scim.Api.Tests.Data;

[Parallelizable]
public sealed class SqliteConnectionsTests
{
    [TestCase("PRAGMA journal_mode", ExpectedResult = "wal")]
    [TestCase("PRAGMA synchronous", ExpectedResult = "2", Description = "FULL")]
    [TestCase("PRAGMA busy_timeout", ExpectedResult = "5000")]
    [TestCase("PRAGMA foreign_keys", ExpectedResult = "1")]
    [TestCase("PRAGMA mmap_size", ExpectedResult = "2147418112")]
    [TestCase("PRAGMA page_size", ExpectedResult = "8192")]
    public async Task<string?> Every_connection_is_configured_also_when_it_is_reused(string setting)
    {
        var folder = Directory.CreateTempSubdirectory("sqlite-");
        var connection = $"Data Source={Path.Combine(folder.FullName, "scim.db")}";
        var services = new ServiceCollection().AddLogging();
        services.AddStorage(new() { Scim = connection });
        await using var provider = services.BuildServiceProvider();
        try
        {
            // Two at the same time, so that there are two connections; then both are reused.
            string?[] answers =
            [
                await Read(provider, setting, beside: true),
                await Read(provider, setting),
                await Read(provider, setting, beside: true),
            ];
            return answers.Distinct().Single();
        }
        finally
        {
            using var pool = new SqliteConnection(connection);
            SqliteConnection.ClearPool(pool);
            folder.Delete(recursive: true);
        }
    }

    private static async Task<string?> Read(ServiceProvider provider, string setting, bool beside = false)
    {
        await using var scope = provider.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<ScimDbContext>().Database;
        await database.OpenConnectionAsync();
        var other = beside ? await Read(provider, setting) : null;
        await using var command = database.GetDbConnection().CreateCommand();
#pragma warning disable CA2100 // A test's own text.
        command.CommandText = setting;
#pragma warning restore CA2100
        var answer = Convert.ToString(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture);
        return other is null || other == answer ? answer : $"{answer} and {other}";
    }
}
