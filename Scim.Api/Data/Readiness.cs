using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Scim.Api.Data;

/// <summary>Ready is a server whose database answers and has every migration.</summary>
internal sealed class Readiness(ScimDbContext db) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default) =>
        !await db.Database.CanConnectAsync(cancellationToken)
            ? HealthCheckResult.Unhealthy("The database does not answer.")
        : (await db.Database.GetPendingMigrationsAsync(cancellationToken)).Any()
            ? HealthCheckResult.Unhealthy("The database lacks migrations: run Scim.Api database migrate.")
            : HealthCheckResult.Healthy();
}
