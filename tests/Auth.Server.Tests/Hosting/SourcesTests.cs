namespace Auth.Server.Tests.Hosting;

/// <summary>Neither server implements what <c>Shared.Hosting</c> provides.</summary>
public sealed class SourcesTests
{
    [TestCase("new PeriodicTimer(", Description = "PeriodicTask")]
    [TestCase(".UseSqlite(", Description = "SqliteDatabase: connections with its settings, and the writer gate")]
    [TestCase("PRAGMA ", Description = "SqliteDatabase")]
    [TestCase("UnixCreateMode", Description = "PrivateFile, FileLock")]
    [TestCase("KnownIPNetworks", Description = "Proxies")]
    [TestCase("new CsvWriter(", Description = "Csv")]
    [TestCase("HttpMethods.IsHead(", Description = "HeadRequests")]
    [TestCase("ContainsKey(\"Host\")", Description = "ConnectionStrings")]
    [TestCase("ValueConverter<DateTime", Description = "UtcConverter")]
    [TestCase("IHealthCheck", Description = "Health")]
    [TestCase("LoggerFilterRule", Description = "RequestLogs")]
    [TestCase("IDesignTimeDbContextFactory", Description = "DesignTimeContext")]
    public void Shared_code_is_in_one_project(string text)
    {
        var repository = ArchitectureTests.Repository();
        var found =
            from project in (string[])["Auth.Server", "Scim.Api", "Shared.Contracts", "Shared.Hosting"]
            let folder = Path.Combine(repository, project)
            from file in Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
            where !Path.GetRelativePath(folder, file).StartsWith("obj", StringComparison.Ordinal)
                && File.ReadAllText(file).Contains(text, StringComparison.Ordinal)
            select project;
        Assert.That(found.Distinct(), Is.EqualTo(["Shared.Hosting"]));
    }
}
