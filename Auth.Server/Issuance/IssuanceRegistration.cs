namespace Auth.Server.Issuance;

/// <summary>Registers the services that generate and check credentials.</summary>
internal static class IssuanceRegistration
{
    public static void AddCredentialIssuance(this IServiceCollection services)
    {
        services.AddScoped<CredentialClients>();
        services.AddScoped<CredentialIssuer>();
        services.AddScoped<TokenCheck>();
        services.AddScoped<CredentialCheck>();
    }
}
