using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Auth.Server.Pages;

/// <summary>
/// What a person sees instead of a page: after a fault of ours a request id and no details, else what can be done. An
/// authorization request that names a wrong client or redirect URI ends here, never at that address
/// (RFC 6749 §4.1.2.1).
/// </summary>
[IgnoreAntiforgeryToken]
internal sealed class ErrorModel : PageModel
{
    public string Heading { get; private set; } = "Page not found";

    public string Sentence { get; private set; } = "There is nothing at this address. It may have been mistyped.";

    /// <summary>OAuth's error code and its reason (RFC 6749 §5.2).</summary>
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
            Sentence = "This is a fault of ours. Try again; if it stays, tell support@scileads.com the request id.";
        }
        else if (HttpContext.GetOpenIddictServerResponse() is { Error: { } error } response)
        {
            // OpenIddict's header, which the page's own takes the place of.
            Response.Headers.CacheControl = default;
            Error = error;
            ErrorDescription = response.ErrorDescription;
            Heading = "This request cannot be authorized";
            Sentence = "The application that sent you here asked for something that SciLeads cannot grant, so you were "
                + "not sent back to it. Most often its client id or its redirect URI is not that of the account's "
                + "current credentials.";
        }
        else if (HttpContext.Features.Get<IStatusCodeReExecuteFeature>() is null)
        {
            // Somebody typed this page's own address.
            Response.StatusCode = StatusCodes.Status404NotFound;
        }
        else if (Response.StatusCode == StatusCodes.Status400BadRequest)
        {
            Heading = "This form was out of date";
            Sentence = "Perhaps you signed in or out meanwhile. Nothing was changed. Go back, reload the page and send "
                + "it again.";
        }
        else if (Response.StatusCode != StatusCodes.Status404NotFound)
        {
            Heading = "This request was not accepted";
            Sentence = $"The server answered with status {Response.StatusCode}. Nothing was changed.";
        }
    }
}
