namespace Auth.Server.KeyLifecycle;

/// <summary>Registers the rotation of keys.</summary>
internal static class KeyLifecycleRegistration
{
    public static void AddKeyRotation(this IServiceCollection services)
    {
        services.AddScoped<KeyRotation>();
        services.AddHostedService<KeyWatch>();
    }
}
