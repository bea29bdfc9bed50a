using Auth.Server.Administrators;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Auth.Server.Connect;

/// <summary>
/// Decides where an invalid authorization request leads (RFC 6749 §4.1.2.1). If client and redirect URI are
/// known and an administrator of the client's account is signed in, back to the client. If nobody is signed in,
/// first to the sign-in page, so that this server cannot be abused as an open redirector (RFC 9700 §4.11.2).
/// Otherwise, to an error page.
/// </summary>
internal sealed class AuthorizationErrors(ClientManager clients)
    : IOpenIddictServerHandler<ApplyAuthorizationResponseContext>
{
    private const string NobodySignedIn = "No administrator of the client's account is signed in.";

    public async ValueTask HandleAsync(ApplyAuthorizationResponseContext context)
    {
        if (context is not { Response.Error: not null, RedirectUri: null, Request: { } request }
            || context.Transaction.GetHttpRequest()?.HttpContext is not { } http
            || await Find(request) is not var (client, redirectUri))
        {
            return;
        }

        var signedIn = await SignedInAt(http);
        if (signedIn?.AccountId != client.CredentialSet!.AccountId)
        {
            if (!request.HasPromptValue(PromptValues.None))
            {
                if (signedIn is null)
                    await AskToSignIn(context, http, request);
                return;
            }

            (context.Response.Error, context.Response.ErrorDescription) = (Errors.LoginRequired, NobodySignedIn);
        }

        context.RedirectUri = redirectUri;
        context.ResponseMode = ResponseModes.Query;
        context.Response.State = RequestParameters.ValuesOf(request[Parameters.State]).FirstOrDefault();
    }

    /// <summary>Finds the client of a credential set and its redirect URI; null unless both are certain.</summary>
    private async Task<(Client Client, string RedirectUri)?> Find(OpenIddictRequest request)
    {
        // The pushed parameters are only known if the request URI was valid.
        if (RequestParameters.IsPushed(request) && request.ResponseType is null)
            return null;
        var redirectUris = RequestParameters.ValuesOf(request[Parameters.RedirectUri]);
        if (redirectUris.Length > 1
            || string.IsNullOrEmpty(request.ClientId)
            || await clients.FindByClientIdAsync(request.ClientId) is not { CredentialSet: not null } client)
        {
            return null;
        }

        var registered = await clients.GetRedirectUrisAsync(client);
        if (redirectUris.IsEmpty)
            return registered.Length == 1 ? (client, registered[0]) : null;
        return registered.Contains(redirectUris[0]) ? (client, redirectUris[0]) : null;
    }

    private static async Task<SignedIn?> SignedInAt(HttpContext http)
    {
        var result = await http.AuthenticateAsync(Site.Portal.Scheme);
        return result.Principal is { } user ? SignedIn.From(user) : null;
    }

    private static async Task AskToSignIn(
        ApplyAuthorizationResponseContext context, HttpContext http, OpenIddictRequest request)
    {
        await http.ChallengeAsync(
            Site.Portal.Scheme, new() { RedirectUri = AddressOf(http, request) });
        context.HandleRequest();
    }

    /// <summary>The URL of the same request as a GET request, for a redirect.</summary>
    private static string AddressOf(HttpContext http, OpenIddictRequest request) =>
        http.Request.Path + QueryString.Create(
        from parameter in request.GetParameters()
        where !RequestParameters.IsPushed(request) || parameter.Key is Parameters.ClientId or Parameters.RequestUri
        from value in RequestParameters.ValuesOf(parameter.Value)
        select KeyValuePair.Create(parameter.Key, (string?)value));

    /// <summary>
    /// Handles requests that need no page. <c>prompt=none</c> fails if the administrator must sign in first (OpenID
    /// Connect Core §3.1.2.6). A POST request (RFC 6749 §3.1) is redirected to the same request by GET, unless it
    /// is from the consent page.
    /// </summary>
    internal sealed class BeforePage(ClientManager clients)
        : IOpenIddictServerHandler<HandleAuthorizationRequestContext>
    {
        public async ValueTask HandleAsync(HandleAuthorizationRequestContext context)
        {
            if (context.Transaction.GetHttpRequest()?.HttpContext is not { } http)
                return;
            if (HttpMethods.IsPost(http.Request.Method) && !http.Request.Form.ContainsKey("decision"))
            {
                http.Response.StatusCode = StatusCodes.Status303SeeOther;
                http.Response.Headers.Location = AddressOf(http, context.Request);
                context.HandleRequest();
            }
            else if (context.Request.HasPromptValue(PromptValues.None))
            {
                var client = await clients.FindByClientIdAsync(context.ClientId!);
                if ((await SignedInAt(http))?.AccountId != client?.CredentialSet?.AccountId)
                    context.Reject(Errors.LoginRequired, NobodySignedIn);
            }
        }
    }
}
