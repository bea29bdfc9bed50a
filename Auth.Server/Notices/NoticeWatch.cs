using Shared.Hosting;

namespace Auth.Server.Notices;

/// <summary>Looks for due notices every ten minutes.</summary>
internal sealed class NoticeWatch(IServiceScopeFactory scopes, TimeProvider time, ILogger<NoticeWatch> log)
    : PeriodicTask(TimeSpan.FromMinutes(10), scopes, time, log)
{
    protected override Task Run(IServiceProvider services, CancellationToken cancellation) =>
        services.GetRequiredService<NoticeWriter>().WriteDue(cancellation);
}

/// <summary>Registers the notices.</summary>
internal static class NoticeRegistration
{
    public static void AddNotices(this IServiceCollection services)
    {
        services.AddSingleton<NoticeText>();
        services.AddScoped<DueNotices>();
        services.AddScoped<NoticeWriter>();
        services.AddHostedService<NoticeWatch>();
    }
}
