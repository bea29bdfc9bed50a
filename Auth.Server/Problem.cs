using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

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

/// <summary>Answers programs with problem details (RFC 9457). A page's fault becomes the error page.</summary>
internal sealed class ProblemAnswers(IProblemDetailsService problems) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(
        HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        var endpoint = httpContext.Features.Get<IExceptionHandlerFeature>()?.Endpoint;
        if (endpoint is null || endpoint.Metadata.GetMetadata<PageActionDescriptor>() is not null)
            return false;
        var problem = exception as ProblemException;
        httpContext.Response.StatusCode = problem?.Status ?? StatusCodes.Status500InternalServerError;
        return await problems.TryWriteAsync(new()
        {
            HttpContext = httpContext,
            ProblemDetails = new ProblemDetails { Status = httpContext.Response.StatusCode, Detail = problem?.Message },
        });
    }
}
