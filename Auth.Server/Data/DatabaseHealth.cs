using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Auth.Server.Data;

/// <summary>Ready while the database answers.</summary>
internal sealed class DatabaseHealth(AuthDbContext db) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default) =>
        await db.Database.CanConnectAsync(cancellationToken)
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy("The database cannot be reached.");
}
