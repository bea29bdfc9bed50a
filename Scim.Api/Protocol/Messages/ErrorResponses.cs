using Microsoft.AspNetCore.Diagnostics;
using Shared.Hosting.Data;

namespace Scim.Api.Protocol.Messages;

/// <summary>
/// The one place where exceptions and bare status codes become responses (RFC 7644 §3.12). Every refusal has a SCIM
/// error as its body, including an unknown route, a wrong method and a server error, whose cause is only logged.
/// </summary>
internal sealed class ErrorResponses(RefusalObserver observe, ILogger<ErrorResponses> log) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(
        HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (httpContext.RequestAborted.IsCancellationRequested)
            return true;
        try
        {
            var error = ErrorFor(httpContext, exception);
            await observe(httpContext, error);
            await error.ExecuteAsync(httpContext);
        }
        // The client has disconnected meanwhile.
        catch (Exception gone) when (gone is OperationCanceledException or IOException
            && httpContext.RequestAborted.IsCancellationRequested)
        {
        }
        return true;
    }

    /// <summary>Adds the body to a bare status code; for <c>UseStatusCodePages</c>.</summary>
    public static async Task Describe(StatusCodeContext context)
    {
        var (http, response) = (context.HttpContext, context.HttpContext.Response);
        // Routing does not know that HEAD is supported wherever GET is.
        if (response.Headers.Allow.ToString() is var methods && methods.Split(", ").Contains(HttpMethods.Get))
            response.Headers.Allow = $"{methods}, {HttpMethods.Head}";
        var error = ForStatus(http, response.StatusCode);
        await http.RequestServices.GetRequiredService<RefusalObserver>()(http, error);
        await error.ExecuteAsync(http);
    }

    private ScimError ErrorFor(HttpContext context, Exception exception)
    {
        switch (exception)
        {
            case ScimException refusal:
                return refusal.Error;
            case BadHttpRequestException bad:
                return ForStatus(context, bad.StatusCode);
            case var outage when DatabaseOutage.IsCauseOf(outage):
                log.LogError("{Method} {Path}: the database cannot be used: {Reason}",
                    context.Request.Method, context.Request.Path, outage.GetBaseException().Message);
                return ScimError.DatabaseUnavailable();
            default:
                log.LogError(exception, "{Method} {Path} failed", context.Request.Method, context.Request.Path);
                return ForStatus(context, StatusCodes.Status500InternalServerError);
        }
    }

    private static ScimError ForStatus(HttpContext context, int status) => status switch
    {
        400 => ScimError.InvalidSyntax("The request could not be read. Its body must be one well-formed JSON object."),
        404 => new(404, null, $"There is nothing at {context.Request.Path}."),
        405 => new(405, null, $"{context.Request.Method} is not supported at {context.Request.Path}."),
        408 => new(408, null, "The request was sent too slowly."),
        413 => new(413, null, "The request is larger than this server accepts."),
        414 => new(414, null, "The request's address is too long. Send a long search by POST to /Users/.search."),
        415 => new(415, null, "The request's media type must be application/scim+json or application/json."),
        431 => new(431, null, "The request's headers are too large."),
        500 => ScimError.Fault(),
        _ => new(status, null, Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status) + "."),
    };
}
