using System.Globalization;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Shared.Hosting.Data;

namespace Auth.Server;

/// <summary>
/// An operation that was refused: the HTTP status for the management API and a sentence for the person who asked.
/// Commands print the sentence, pages show it, and the API returns it as problem details (RFC 9457).
/// </summary>
internal sealed class ProblemException(int status, string detail, Exception? inner = null) : Exception(detail, inner)
{
    public int Status { get; } = status;

    /// <summary>Whether the operation may have been carried out despite the error.</summary>
    public bool IsOutcomeUnknown { get; init; }

    /// <summary>Whether the audit trail has an entry for this refusal.</summary>
    public bool IsAudited { get; set; }

    public static ProblemException Invalid(string detail) => new(400, detail);
    public static ProblemException Forbidden(string detail) => new(403, detail);
    public static ProblemException NotFound(string detail) => new(404, detail);
    public static ProblemException Conflict(string detail) => new(409, detail);
}

/// <summary>
/// Turns exceptions into problem details (RFC 9457) or, at the OAuth endpoints, into OAuth errors. An unexpected
/// exception in a page leads to the error page. A database outage, which may already show while the administrator is
/// being authenticated, leads to a page that does not use the database.
/// </summary>
internal sealed class ProblemHandler(IProblemDetailsService problems, ILogger<ProblemHandler> log) : IExceptionHandler
{
    private const string Unavailable =
        "SciLeads cannot use its database at the moment. Nothing is wrong with the request; try again.";

    private static readonly PathString oauth = "/connect";

    public async ValueTask<bool> TryHandleAsync(
        HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        // By now, the request itself has the path of the error page.
        var failed = httpContext.Features.Get<IExceptionHandlerPathFeature>()!;
        // Routing does not know OpenIddict's own endpoints.
        var isPage = failed.Endpoint?.Metadata.GetMetadata<PageActionDescriptor>() is not null;
        if (DatabaseOutage.IsCauseOf(exception))
            return await AnswerOutage(httpContext, failed, isPage);
        var answer = AnswerTo(exception);
        // Our own pages never send a form that cannot be read, so such a request gets problem details.
        if (isPage && answer.Status >= StatusCodes.Status500InternalServerError)
            return false;
        // ASP.NET Core does not log an exception that is handled here.
        if (answer.Status >= StatusCodes.Status500InternalServerError)
            log.LogError(exception, "{Method} {Path} failed", httpContext.Request.Method, failed.Path);
        httpContext.Response.StatusCode = answer.Status!.Value;
        await Write(httpContext, answer);
        return true;
    }

    private async Task<bool> AnswerOutage(HttpContext http, IExceptionHandlerPathFeature failed, bool isPage)
    {
        log.LogError("{Method} {Path}: the database cannot be used: {Reason}",
            http.Request.Method, failed.Path, failed.Error.GetBaseException().Message);
        http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        http.Response.Headers.RetryAfter = DatabaseOutage.RetryAfter.ToString(CultureInfo.InvariantCulture);
        http.Response.Headers.CacheControl = "no-store";
        if (isPage)
        {
            await Results.Content(OutagePage.Html, "text/html; charset=utf-8", statusCode: http.Response.StatusCode)
                .ExecuteAsync(http);
            return true;
        }
        if (new PathString(failed.Path).StartsWithSegments(oauth, StringComparison.Ordinal))
        {
            // The error code is from RFC 6749 §4.1.2.1; clients also understand it at the token endpoint.
            await http.Response.WriteAsJsonAsync(
                new { error = "temporarily_unavailable", error_description = Unavailable });
            return true;
        }
        await Write(http, new() { Status = http.Response.StatusCode, Detail = Unavailable });
        return true;
    }

    /// <summary>Writes problem details, even if the client's Accept header asks for something else.</summary>
    private async Task Write(HttpContext http, ProblemDetails answer)
    {
        if (!await problems.TryWriteAsync(new() { HttpContext = http, ProblemDetails = answer }))
            await http.Response.WriteAsJsonAsync(
                answer, options: null, "application/problem+json", CancellationToken.None);
    }

    private static ProblemDetails AnswerTo(Exception exception) => exception switch
    {
        ProblemException problem => new() { Status = problem.Status, Detail = problem.Message },
        BadHttpRequestException bad => Unreadable(bad.StatusCode, bad.Message),
        // A form with too many fields, with fields that are too long, or with U+0000.
        InvalidDataException bad => Unreadable(StatusCodes.Status400BadRequest, bad.Message),
        _ => new() { Status = StatusCodes.Status500InternalServerError },
    };

    // Also readable by OAuth clients, which look for "error" (RFC 6749 §5.2).
    private static ProblemDetails Unreadable(int status, string detail) => new()
    {
        Status = status,
        Detail = detail,
        Extensions = { ["error"] = "invalid_request", ["error_description"] = detail },
    };
}

/// <summary>
/// The page shown while the database is unavailable. It needs no query, not even to authenticate the administrator.
/// </summary>
internal static class OutagePage
{
    public const string Html =
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
          <meta charset="utf-8">
          <meta name="viewport" content="width=device-width, initial-scale=1">
          <meta name="color-scheme" content="light dark">
          <title>Not available · SciLeads</title>
          <link rel="stylesheet" href="/portal.css">
        </head>
        <body>
          <main id="content" class="narrow">
            <section class="panel">
              <h1>SciLeads is not available at the moment</h1>
              <p>Please try again in a few seconds. If you sent a form, look first whether it was carried out.</p>
            </section>
          </main>
        </body>
        </html>
        """;
}
