using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Scim.Api.AuthServer;

/// <summary>Registers what is needed to call Auth.Server as this resource server.</summary>
internal static class AuthServerRegistration
{
    /// <summary>All that commands need; the server adds introspection and events.</summary>
    public static void AddAuthServerConnection(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<ClientKey>();
        services.AddSingleton<ClientAssertion>();
        services.AddSingleton<AuthServerClient>();
        services.AddSingleton<ClientCredentials>();
        services.AddSingleton(_ => new AuthServerConnection());
    }
}
