using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Auth.Server.Tests.Hosting;

public sealed class ReadinessTests
{
    [Test]
    public async Task A_server_with_pending_migrations_is_not_ready_and_says_what_to_run()
    {
        await using var server = await AuthServer.Start();
        await server.WithDatabase(async db =>
        {
            var last = (await db.Database.GetAppliedMigrationsAsync()).Last();
            return await db.Database.ExecuteSqlAsync(
                $"""DELETE FROM "__EFMigrationsHistory" WHERE "MigrationId" = {last}""");
        });

        var report = await server.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        using var http = server.CreateClient();
        using var answer = await http.GetAsync(new Uri("/health/ready", UriKind.Relative));

        Assert.That(
            report.Entries.Single().Value.Description,
            Is.EqualTo("The database lacks migrations. Run: Auth.Server database migrate"));
        Assert.That((int)answer.StatusCode, Is.EqualTo(503));
    }
}
