using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Shared.Hosting;

/// <summary>
/// Keeps what clients send out of the log, at every level: the address of a request can contain a token that belongs in
/// a header, or a filter with the value that a client looks for (<c>password eq "…"</c>).
/// </summary>
public static class RequestLogs
{
    // They log "Request starting HTTP/1.1 GET http://…?filter=…", malformed request lines, paths, and the targets of
    // redirects.
    private static readonly string[] frameworkCategories =
    [
        "Microsoft.AspNetCore.Hosting.Diagnostics",
        "Microsoft.AspNetCore.Server.Kestrel.BadRequests",
        "Microsoft.AspNetCore.Routing.Matching.DfaMatcher",
        "Microsoft.AspNetCore.Http.Result.RedirectResult",
        "Microsoft.AspNetCore.Mvc.Infrastructure.RedirectResultExecutor",
        "Microsoft.AspNetCore.Mvc.Infrastructure.LocalRedirectResultExecutor",
    ];

    /// <summary>
    /// Logs only warnings and errors of the ASP.NET Core categories that log requests, and of the given other
    /// categories. This takes precedence over every rule of the configuration and of every log provider.
    /// </summary>
    public static void OmitRequests(this ILoggingBuilder logging, params string[] others)
    {
        string[] categories = [.. frameworkCategories, .. others];
        logging.Services.PostConfigure<LoggerFilterOptions>(options =>
        {
            // For categories to which no other rule applies.
            foreach (var category in categories)
                options.Rules.Add(new LoggerFilterRule(null, category, null, null));
            for (var i = 0; i < options.Rules.Count; i++)
                options.Rules[i] = Without(categories, options.Rules[i]);
        });
    }

    private static LoggerFilterRule Without(string[] categories, LoggerFilterRule rule) => new(
        rule.ProviderName,
        rule.CategoryName,
        rule.LogLevel,
        (provider, category, level) =>
            (level >= LogLevel.Warning || !categories.Any(omitted => IsWithin(category, omitted)))
            && (rule.Filter is null || rule.Filter(provider, category, level)));

    private static bool IsWithin(string? category, string parent) =>
        category?.StartsWith(parent, StringComparison.OrdinalIgnoreCase) == true;
}
