using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Auth.Server;

/// <summary>
/// A refusal of an operation on accounts or credential sets: the HTTP status it has in the management API and a sentence
/// for the person who asked. Commands print the sentence, pages show it, the API wraps it in RFC 9457's form.
/// </summary>
internal sealed class ProblemException(int status, string detail, Exception? inner = null) : Exception(detail, inner)
{
    public int Status { get; } = status;

    /// <summary>Whether what was asked for may have been done all the same.</summary>
    public bool IsOutcomeUnknown { get; init; }

    public static ProblemException Invalid(string detail) => new(400, detail);
    public static ProblemException Forbidden(string detail) => new(403, detail);
    public static ProblemException NotFound(string detail) => new(404, detail);
    public static ProblemException Conflict(string detail) => new(409, detail);
}

/// <summary>Answers programs with problem details (RFC 9457). A page's fault becomes the error page.</summary>
internal sealed class ProblemAnswers(IProblemDetailsService problems, ILogger<ProblemAnswers> log) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(
        HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        var endpoint = httpContext.Features.Get<IExceptionHandlerFeature>()?.Endpoint;
        // OpenIddict's own endpoints are none of the routing.
        if (endpoint?.Metadata.GetMetadata<PageActionDescriptor>() is not null)
            return false;
        var answer = AnswerTo(exception);
        // What is answered here, the host does not log.
        if (answer.Status >= StatusCodes.Status500InternalServerError)
            log.LogError(exception, "{Method} {Path} failed", httpContext.Request.Method, httpContext.Request.Path);
        httpContext.Response.StatusCode = answer.Status!.Value;
        return await problems.TryWriteAsync(new() { HttpContext = httpContext, ProblemDetails = answer });
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
