using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Scim.Api.Data;

/// <summary>Registers the SCIM database: its context, the connections' settings and the gate of its writers.</summary>
internal static class Storage
{
    public static void AddStorage(this IServiceCollection services)
    {
        services.AddSingleton(_ => new WriterGate(oneAtATime: true));
        services.AddDbContext<ScimDbContext>((provider, options) => options
            .UseSqlite(provider.GetRequiredService<IOptions<DatabaseOptions>>().Value.Scim)
            .AddInterceptors(new SqliteConnections()));
        services.AddHostedService<Migrator>();
    }
}
