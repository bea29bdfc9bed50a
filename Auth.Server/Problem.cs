using System.Globalization;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Shared.Hosting.Data;

namespace Auth.Server;

/// <summary>
/// A refusal of an operation on accounts or credential sets: the HTTP status it has in the management API and a
/// sentence for the person who asked. Commands print the sentence, pages show it, the API wraps it in RFC 9457's form.
/// </summary>
internal sealed class ProblemException(int status, string detail, Exception? inner = null) : Exception(detail, inner)
{
    public int Status { get; } = status;

    /// <summary>Whether what was asked for may have been done all the same.</summary>
    public bool IsOutcomeUnknown { get; init; }

    /// <summary>Whether the audit trail has an entry of this refusal.</summary>
    public bool IsAudited { get; set; }

    public static ProblemException Invalid(string detail) => new(400, detail);
    public static ProblemException Forbidden(string detail) => new(403, detail);
    public static ProblemException NotFound(string detail) => new(404, detail);
    public static ProblemException Conflict(string detail) => new(409, detail);
}

/// <summary>
/// Answers programs with problem details (RFC 9457) or, at OAuth's endpoints, with OAuth's errors. A page's fault
/// becomes the error page; an outage of the database, which may be found while the administrator is authenticated, a
/// page that needs none.
/// </summary>
internal sealed class ProblemAnswers(IProblemDetailsService problems, ILogger<ProblemAnswers> log) : IExceptionHandler
{
    private const string Unavailable =
        "SciLeads cannot use its database at the moment. Nothing is wrong with the request; try again.";

    private static readonly PathString oauth = "/connect";

    public async ValueTask<bool> TryHandleAsync(
        HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        // The request itself has the path of the error page by now.
        var failed = httpContext.Features.Get<IExceptionHandlerPathFeature>()!;
        // OpenIddict's own endpoints are none of the routing.
        var isPage = failed.Endpoint?.Metadata.GetMetadata<PageActionDescriptor>() is not null;
        if (DatabaseOutage.IsCauseOf(exception))
            return await AnswerOutage(httpContext, failed, isPage);
        var answer = AnswerTo(exception);
        // A form that cannot be read comes from no page of ours.
        if (isPage && answer.Status >= StatusCodes.Status500InternalServerError)
            return false;
        // What is answered here, the host does not log.
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
            // RFC 6749 §4.1.2.1 has a code for it, which clients know from the token endpoint, too.
            await http.Response.WriteAsJsonAsync(
                new { error = "temporarily_unavailable", error_description = Unavailable });
            return true;
        }
        await Write(http, new() { Status = http.Response.StatusCode, Detail = Unavailable });
        return true;
    }

    /// <summary>Writes problem details, also for a caller who says that it wants something else.</summary>
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
        // A form with too many fields, too long ones or U+0000.
        InvalidDataException bad => Unreadable(StatusCodes.Status400BadRequest, bad.Message),
        _ => new() { Status = StatusCodes.Status500InternalServerError },
    };

    // The same for OAuth clients, who look for "error" (RFC 6749 §5.2).
    private static ProblemDetails Unreadable(int status, string detail) => new()
    {
        Status = status,
        Detail = detail,
        Extensions = { ["error"] = "invalid_request", ["error_description"] = detail },
    };
}

/// <summary>What a person sees while the database is out: a page that asks it nothing, not even who they are.</summary>
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
