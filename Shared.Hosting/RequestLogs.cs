using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Shared.Hosting;

/// <summary>
/// Keeps what clients send out of the log, at every level: the address of a request can have a token that should have
/// been in a header, or a filter with what a client looks for (<c>password eq "…"</c>).
/// </summary>
public static class RequestLogs
{
    // They log "Request starting HTTP/1.1 GET http://…?filter=…", request lines that cannot be read, paths, and where
    // redirects lead.
    private static readonly string[] ofTheHost =
    [
        "Microsoft.AspNetCore.Hosting.Diagnostics", "Microsoft.AspNetCore.Server.Kestrel.BadRequests",
        "Microsoft.AspNetCore.Routing.Matching.DfaMatcher",
        "Microsoft.AspNetCore.Http.Result.RedirectResult",
        "Microsoft.AspNetCore.Mvc.Infrastructure.RedirectResultExecutor",
        "Microsoft.AspNetCore.Mvc.Infrastructure.LocalRedirectResultExecutor",
    ];

    /// <summary>
    /// Logs nothing below warnings of the categories of ASP.NET Core that write down requests, and of others that do.
    /// This takes precedence over every rule of the configuration and of every log provider.
    /// </summary>
    public static void OmitRequests(this ILoggingBuilder logging, params string[] others)
    {
        string[] categories = [.. ofTheHost, .. others];
        logging.Services.PostConfigure<LoggerFilterOptions>(options =>
        {
            // For a category to which no other rule applies.
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
