using Microsoft.AspNetCore.Diagnostics;
using Shared.Hosting.Data;

namespace Scim.Api.Protocol.Messages;

/// <summary>
/// The one place where exceptions and bare statuses become answers (RFC 7644 §3.12): every refusal has a SCIM error for
/// a body, also an unknown route, a wrong method or a fault of ours, whose cause stays in the log.
/// </summary>
internal sealed class ErrorAnswers(RefusalObserver observe, ILogger<ErrorAnswers> log) : IExceptionHandler
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
        // The client has left meanwhile: there is nobody to answer.
        catch (Exception gone) when (gone is OperationCanceledException or IOException
            && httpContext.RequestAborted.IsCancellationRequested)
        {
        }
        return true;
    }

    /// <summary>Gives a status that came without a body its words; for <c>UseStatusCodePages</c>.</summary>
    public static async Task Describe(StatusCodeContext context)
    {
        var (http, response) = (context.HttpContext, context.HttpContext.Response);
        // Routing does not know that HEAD is answered wherever GET is.
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
        405 => new(405, null, $"{context.Request.Method} is not possible at {context.Request.Path}."),
        408 => new(408, null, "The request came too slowly to be read."),
        413 => new(413, null, "The request is larger than this server accepts."),
        414 => new(414, null, "The request's address is too long. Send a long search by POST to /Users/.search."),
        415 => new(415, null, "The request's media type must be application/scim+json or application/json."),
        431 => new(431, null, "The request's headers are too large."),
        500 => ScimError.Fault(),
        _ => new(status, null, Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status) + "."),
    };
}
