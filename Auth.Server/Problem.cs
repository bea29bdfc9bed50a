using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;

namespace Auth.Server;

/// <summary>
/// A refusal of an operation on accounts or credential sets: the HTTP status it has in the management API and a sentence
/// for the person who asked. Commands print the sentence, pages show it, the API wraps it in RFC 9457's form.
/// </summary>
internal sealed class ProblemException(int status, string detail) : Exception(detail)
{
    public int Status { get; } = status;

    public static ProblemException Invalid(string detail) => new(400, detail);
    public static ProblemException Forbidden(string detail) => new(403, detail);
    public static ProblemException NotFound(string detail) => new(404, detail);
    public static ProblemException Conflict(string detail) => new(409, detail);
}

/// <summary>Answers a <see cref="ProblemException"/> that no page showed, in RFC 9457's form.</summary>
internal sealed class ProblemAnswers(IProblemDetailsService problems) : IExceptionHandler
{
    public ValueTask<bool> TryHandleAsync(
        HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is not ProblemException problem)
            return new(false);
        httpContext.Response.StatusCode = problem.Status;
        return problems.TryWriteAsync(new()
        {
            HttpContext = httpContext,
            ProblemDetails = new ProblemDetails { Status = problem.Status, Detail = problem.Message },
        });
    }
}
