namespace Auth.Server;

/// <summary>
/// What is logged from warnings on only, whatever the settings ask for: below, OpenIddict writes down tokens, codes and
/// verifiers as they come and go, and the host whole addresses, in which a client may have put its secret.
/// </summary>
internal static class LogLevels
{
    private static readonly string[] tellSecrets =
        ["OpenIddict.Server", "OpenIddict.Validation", "Microsoft.AspNetCore.Hosting.Diagnostics"];

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
