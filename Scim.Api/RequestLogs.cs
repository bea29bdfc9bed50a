namespace Scim.Api;

/// <summary>
/// Keeps the addresses of requests out of the log, at every level: a filter can hold what a client looks for
/// (<c>password eq "…"</c>), and a query a token that should have been in a header.
/// </summary>
internal static class RequestLogs
{
    // They log "Request starting HTTP/1.1 GET http://…?filter=…", and request lines that cannot be read.
    private static readonly string[] AddressCategories =
        ["Microsoft.AspNetCore.Hosting.Diagnostics", "Microsoft.AspNetCore.Server.Kestrel.BadRequests"];

    /// <summary>Takes precedence over every rule of the configuration and of every log provider.</summary>
    public static void OmitAddresses(this ILoggingBuilder logging) =>
        logging.Services.PostConfigure<LoggerFilterOptions>(options =>
        {
            foreach (var category in AddressCategories)
                options.Rules.Add(new LoggerFilterRule(null, category, null, null));
            for (var i = 0; i < options.Rules.Count; i++)
                options.Rules[i] = Without(options.Rules[i]);
        });

    private static LoggerFilterRule Without(LoggerFilterRule rule) => new(
        rule.ProviderName,
        rule.CategoryName,
        rule.LogLevel,
        (provider, category, level) => (level >= LogLevel.Warning || !AddressCategories.Contains(category))
            && (rule.Filter is null || rule.Filter(provider, category, level)));
}
