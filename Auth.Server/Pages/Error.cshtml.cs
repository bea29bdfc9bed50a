using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Auth.Server.Pages;

/// <summary>
/// The error page: after an exception it shows a request ID and no details, otherwise what the person can do. An
/// authorization request with a wrong client or redirect URI ends here and is not redirected (RFC 6749 §4.1.2.1).
/// </summary>
[IgnoreAntiforgeryToken]
internal sealed class ErrorModel : PageModel
{
    public string Heading { get; private set; } = "Page not found";

    public string Sentence { get; private set; } = "There is nothing at this address. Check that it is correct.";

    /// <summary>The OAuth error code (RFC 6749 §5.2).</summary>
    public string? Error { get; private set; }

    public string? ErrorDescription { get; private set; }

    public string? RequestId { get; private set; }

    public void OnGet() => Explain();

    public void OnPost() => Explain();

    private void Explain()
    {
        if (HttpContext.Features.Get<IExceptionHandlerFeature>() is not null)
        {
            Response.StatusCode = StatusCodes.Status500InternalServerError;
            RequestId = HttpContext.TraceIdentifier;
            Heading = "Something went wrong";
            Sentence = "This is our fault. Try again. If it happens again, send the request ID to "
                + "support@scileads.com.";
        }
        else if (HttpContext.GetOpenIddictServerResponse() is { Error: { } error } response)
        {
            // Removes the header of OpenIddict, because the page sets its own.
            Response.Headers.CacheControl = default;
            Error = error;
            ErrorDescription = response.ErrorDescription;
            Heading = "This request cannot be authorized";
            Sentence = "The application that sent you here requested something that SciLeads cannot grant, so you were "
                + "not sent back to it. The usual reason is that its client ID or redirect URI does not belong to the "
                + "account's current credentials.";
        }
        else if (HttpContext.Features.Get<IStatusCodeReExecuteFeature>() is null)
        {
            // Somebody opened the address of the error page itself.
            Response.StatusCode = StatusCodes.Status404NotFound;
        }
        else if (Response.StatusCode == StatusCodes.Status400BadRequest)
        {
            Heading = "This form was out of date";
            Sentence = "You may have signed in or out in the meantime. Nothing was changed. Go back, reload the page "
                + "and try again.";
        }
        else if (Response.StatusCode != StatusCodes.Status404NotFound)
        {
            Heading = "This request was not accepted";
            Sentence = $"The server answered with status {Response.StatusCode}. Nothing was changed.";
        }
    }
}
