namespace Auth.Server;

/// <summary>
/// What is logged from warnings on only, whatever the settings ask for. Below, OpenIddict writes down tokens, codes and
/// verifiers as they come and go, and ASP.NET Core writes down whole addresses: of requests, also of those that cannot be
/// read, and of redirects. They hold codes and states, and secrets that a client has put there by mistake.
/// </summary>
internal static class LogLevels
{
    private static readonly string[] tellSecrets =
    [
        "OpenIddict.Server", "OpenIddict.Validation",
        "Microsoft.AspNetCore.Hosting.Diagnostics", "Microsoft.AspNetCore.Server.Kestrel.BadRequests",
        "Microsoft.AspNetCore.Http.Result.RedirectResult",
        "Microsoft.AspNetCore.Mvc.Infrastructure.RedirectResultExecutor",
        "Microsoft.AspNetCore.Mvc.Infrastructure.LocalRedirectResultExecutor",
    ];

    public static void KeepSecretsOut(this IServiceCollection services) =>
        services.PostConfigure<LoggerFilterOptions>(filter =>
        {
            // A rule for one provider goes before those for all, and then the one for the longest category.
            var providers = filter.Rules.Select(rule => rule.ProviderName).Append(null).Distinct().ToArray();
            foreach (var category in tellSecrets)
            {
                foreach (var rule in filter.Rules.Where(rule => IsWithin(rule.CategoryName, category)).ToArray())
                    filter.Rules.Remove(rule);
                foreach (var provider in providers)
                    filter.Rules.Add(new(provider, category, LogLevel.Warning, filter: null));
            }
        });

    private static bool IsWithin(string? name, string category) =>
        name?.StartsWith(category, StringComparison.OrdinalIgnoreCase) == true;
}
