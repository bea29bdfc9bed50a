namespace Auth.Server.KeyLifecycle;

/// <summary>Registers the services that rotate keys.</summary>
internal static class KeyLifecycleRegistration
{
    public static void AddKeyRotation(this IServiceCollection services)
    {
        services.AddScoped<KeyRotation>();
        services.AddHostedService<KeyWatch>();
    }
}
