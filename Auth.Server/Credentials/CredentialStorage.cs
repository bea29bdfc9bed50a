namespace Auth.Server.Credentials;

/// <summary>Registers what credential sets are made of.</summary>
internal static class CredentialStorage
{
    public static void AddCredentialSets(this IServiceCollection services)
    {
        services.AddScoped<CredentialHistory>();
        services.AddScoped<CredentialIssuer>();
        services.AddScoped<SeenSets>();
        services.AddScoped<SetStates>();
        services.AddScoped<CredentialSets>();
        services.AddScoped<CredentialCheck>();
        services.AddScoped<RepeatableRequests>();
        services.AddSingleton<CutOvers>();
        services.AddSingleton<CredentialUses>();
        services.AddHostedService(provider => provider.GetRequiredService<CredentialUses>());
        services.AddHostedService<CredentialWatch>();
    }
}
