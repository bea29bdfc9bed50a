using System.Collections.Immutable;
using Auth.Server.Administrators;
using Auth.Server.Audit;
using Auth.Server.Connect;
using Auth.Server.Credentials;
using Auth.Server.Data;
using Auth.Server.Issuance;
using Auth.Server.Pages.Security;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.EntityFrameworkCore;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Auth.Server.Pages;

/// <summary>
/// The authorization endpoint (RFC 6749 §3.1): asks an administrator whether a client may provision the account.
/// OpenIddict has checked client, redirect URI and scopes when a request arrives here. Consent is asked for each time,
/// and only an administrator of the client's own account can give it.
/// </summary>
[RecentSignIn(OnlyForms = true)]
internal sealed class AuthorizeModel(
    AuthDbContext db, ClientManager clients, AuthOptions options, AuditTrail audit) : PageModel, IReturnTo
{
    private const string Scheme = OpenIddictServerAspNetCoreDefaults.AuthenticationScheme;

    private CredentialSet set = null!;

    public string AccountName { get; private set; } = "";

    public string ClientId { get; private set; } = "";

    /// <summary>Where the browser is sent, with the code or the refusal.</summary>
    public Uri RedirectUri { get; private set; } = null!;

    /// <summary>The client as an administrator knows it.</summary>
    public string ClientName => RedirectUris.OktaAppOf(RedirectUri.AbsoluteUri) is { } app
        ? $"the Okta app {app}"
        : RedirectUri.Authority;

    /// <summary>Whether the signed-in administrator is one of the client's account.</summary>
    public bool IsOwn { get; private set; }

    /// <summary>The client's credentials, if they have not taken over yet.</summary>
    public CredentialSet? Staged => set.State == CredentialSetState.Staged ? set : null;

    /// <summary>What the client refreshes with so far, if it does; what is allowed now will replace it.</summary>
    public Grant? Earlier { get; private set; }

    /// <summary>For how long the earlier grant's access tokens may go on.</summary>
    public string AccessTokenLifetime => $"{Math.Ceiling(options.AccessTokenLifetime.TotalMinutes):0} minutes";

    /// <summary>After how long access that the client does not use ends.</summary>
    public string UnusedAccessLifetime => $"{options.UnusedRefreshTokenLifetime.TotalDays:0} days";

    /// <summary>The request, to be sent once more with the consent.</summary>
    public IEnumerable<(string Name, string Value)> Parameters =>
        from parameter in HttpContext.GetOpenIddictServerRequest()!.GetParameters()
        from value in (ImmutableArray<string?>?)parameter.Value ?? []
        where value is not null
        select (parameter.Key, value);

    /// <summary>This page with its whole request, for the way back from signing in.</summary>
    public string Address => Request.Path + Request.QueryString;

    /// <summary>The request that is to be consented to, as the form repeats it.</summary>
    public string ReturnTo() =>
        Request.Path + Parameters.Where(parameter => parameter.Name is not ("decision" or "__RequestVerificationToken"))
        .Aggregate(QueryString.Empty, (query, parameter) => query.Add(parameter.Name, parameter.Value));

    public async Task<IActionResult> OnGet(CancellationToken cancellation)
    {
        await Load(cancellation);
        if (!IsOwn)
            return NotTheirs();
        if (HttpContext.GetOpenIddictServerRequest()!.HasPromptValue(PromptValues.None))
            return Refuse(Errors.ConsentRequired, "An administrator must be asked.");
        Earlier = await db.Grants.AsNoTracking()
            .Where(grant => grant.CredentialSetId == set.Id
                && grant.Status == Statuses.Valid && grant.ReplacedAt == null
                && grant.Tokens.Any(token => token.Type == TokenTypeIdentifiers.RefreshToken))
            .OrderByDescending(grant => grant.CreationDate)
            .FirstOrDefaultAsync(cancellation);
        SecurityHeaders.AllowFormTo(HttpContext, RedirectUri);
        return Page();
    }

    public async Task<IActionResult> OnPost(string? decision, CancellationToken cancellation)
    {
        await Load(cancellation);
        var (accountId, actor) = (SignedIn.From(User).AccountId, SignedIn.From(User).ToActor(HttpContext));
        if (!IsOwn)
        {
            await audit.Refused(
                actor, AuditAction.AllowClient, accountId, "The client is another account's.", ClientId);
            return NotTheirs();
        }

        await audit.Done(
            actor, decision == "allow" ? AuditAction.AllowClient : AuditAction.DenyClient, accountId, ClientId);
        if (decision != "allow")
            return Refuse(Errors.AccessDenied, "The administrator did not allow it.");
        // Whatever was asked for: there is one thing to grant, and a client that cannot refresh would stop in an hour.
        string[] scopes = [Shared.Contracts.Scopes.Scim, Scopes.OfflineAccess];
        var principal = TokenEndpoint.PrincipalOf(set.AccountId, set.Id, scopes)
            .SetClaim(IssuedUnder.AllowedBy, SignedIn.From(User).Email)
            .SetClaim(IssuedUnder.ReportedScope, GrantedScope.For(HttpContext.GetOpenIddictServerRequest()!));
        return SignIn(principal, Scheme);
    }

    private async Task Load(CancellationToken cancellation)
    {
        var request = HttpContext.GetOpenIddictServerRequest()!;
        var client = await db.Clients.AsNoTracking().Include(client => client.CredentialSet!.Account)
            .SingleAsync(client => client.ClientId == request.ClientId, cancellation);
        set = client.CredentialSet!;
        AccountName = set.Account.Name;
        ClientId = client.ClientId!;
        IsOwn = set.AccountId == SignedIn.From(User).AccountId;
        // A client with one redirect URI need not name it (RFC 6749 §3.1.2.3).
        RedirectUri = new(request.RedirectUri ?? (await clients.GetRedirectUrisAsync(client, cancellation)).Single());
    }

    private PageResult NotTheirs()
    {
        Response.StatusCode = StatusCodes.Status403Forbidden;
        return Page();
    }

    private ForbidResult Refuse(string error, string description) => Forbid(
        new AuthenticationProperties(new Dictionary<string, string?>
        {
            [OpenIddictServerAspNetCoreConstants.Properties.Error] = error,
            [OpenIddictServerAspNetCoreConstants.Properties.ErrorDescription] = description,
        }),
        Scheme);
}
