using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;

namespace Auth.Server.Management;

/// <summary>
/// Writes the problem details (RFC 9457) of the management API. Each kind of problem has a type for programs, a tag URI
/// (RFC 4151); the detail is a sentence for people.
/// </summary>
internal sealed class ManagementProblems : IProblemDetailsWriter
{
    private const string Types = "tag:scileads.com,2026:problem:";

    // After an exception, the path of the request is that of the error handler.
    public bool CanWrite(ProblemDetailsContext context) =>
        new PathString(
            context.HttpContext.Features.Get<IExceptionHandlerPathFeature>()?.Path ?? context.HttpContext.Request.Path)
            .StartsWithSegments(ManagementApi.Root);

    public ValueTask WriteAsync(ProblemDetailsContext context)
    {
        var http = context.HttpContext;
        var problem = context.ProblemDetails;
        var status = http.Response.StatusCode;
        // Errors of the framework have no detail.
        var (type, title, detail) = Kind(status, problem.Detail is null, http.Request);
        var answer = new ProblemDetails
        {
            Type = Types + type, Title = title, Status = status, Detail = problem.Detail ?? detail,
        };
        if (status == StatusCodes.Status401Unauthorized && http.Response.Headers.WWWAuthenticate.Count == 0)
            http.Response.Headers.WWWAuthenticate = "Bearer error=\"invalid_token\"";
        return new(http.Response.WriteAsJsonAsync(
            answer, options: null, "application/problem+json", http.RequestAborted));
    }

    private static (string Type, string Title, string Detail) Kind(
        int status, bool byFramework, HttpRequest request) => status switch
    {
        400 => ("invalid-request", "The request is not valid", "The request could not be read."),
        401 => ("no-valid-token", "A valid access token is required",
            "Send an access token for this API: Authorization: Bearer TOKEN. It is missing or has expired, or its "
            + "client was removed."),
        403 when byFramework => ("insufficient-scope", "The token does not allow this",
            "The token does not have the scope that this call requires."),
        403 => ("not-enabled", "SCIM is not enabled", ""),
        404 => ("not-found", "Not found", $"There is nothing at {request.Path}."),
        405 => ("method-not-allowed", "Method not allowed", $"{request.Path} does not support {request.Method}."),
        409 => ("no-longer-current", "Something has changed in the meantime", ""),
        412 => ("precondition-failed", "Something has changed in the meantime", ""),
        413 => ("too-large", "The body is too large", "The body is too large."),
        415 => ("no-json", "The body is not JSON", "The body must be application/json."),
        422 => ("key-was-used", "The Idempotency-Key belongs to another request", ""),
        503 => ("unavailable", "The server is not available at the moment", "Try again."),
        _ => ("failed", "The server failed",
            "The request may have been carried out. Retry it with the same Idempotency-Key."),
    };
}
