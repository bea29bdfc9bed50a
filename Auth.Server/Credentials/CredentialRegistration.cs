namespace Auth.Server.Credentials;

/// <summary>Registers the services that manage the life cycle of credential sets.</summary>
internal static class CredentialRegistration
{
    public static void AddCredentialSets(this IServiceCollection services)
    {
        services.AddScoped<CredentialHistory>();
        services.AddScoped<CredentialTransitions>();
        services.AddScoped<CredentialSets>();
        services.AddScoped<RepeatableRequests>();
        services.AddSingleton<FirstUseActivations>();
        services.AddSingleton<CredentialUses>();
        services.AddHostedService(provider => provider.GetRequiredService<CredentialUses>());
        services.AddHostedService<CredentialWatch>();
    }
}
