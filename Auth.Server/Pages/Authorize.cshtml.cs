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
/// OpenIddict has already checked client, redirect URI and scopes. Consent is required each time, and only an
/// administrator of the client's account can give it.
/// </summary>
[RecentSignIn(OnlyForms = true)]
internal sealed class AuthorizeModel(
    AuthDbContext db, ClientManager clients, AuthOptions options, AuditTrail audit) : PageModel, IReturnTo
{
    private const string Scheme = OpenIddictServerAspNetCoreDefaults.AuthenticationScheme;

    private CredentialSet set = null!;

    public string AccountName { get; private set; } = "";

    public string ClientId { get; private set; } = "";

    /// <summary>Where the browser is redirected, with the code or the error.</summary>
    public Uri RedirectUri { get; private set; } = null!;

    /// <summary>The name by which an administrator knows the client.</summary>
    public string ClientName => RedirectUris.OktaAppOf(RedirectUri.AbsoluteUri) is { } app
        ? $"the Okta app {app}"
        : RedirectUri.Authority;

    /// <summary>Whether the client belongs to the account of the signed-in administrator.</summary>
    public bool IsOwn { get; private set; }

    /// <summary>The client's credential set, if it is staged.</summary>
    public CredentialSet? Staged => set.State == CredentialSetState.Staged ? set : null;

    /// <summary>The grant that the client has now, if any. The new one will replace it.</summary>
    public Grant? Earlier { get; private set; }

    /// <summary>How long the access tokens of the earlier grant can remain valid.</summary>
    public string AccessTokenLifetime => $"{Math.Ceiling(options.AccessTokenLifetime.TotalMinutes):0} minutes";

    /// <summary>After how long unused access ends.</summary>
    public string UnusedAccessLifetime => $"{options.UnusedRefreshTokenLifetime.TotalDays:0} days";

    /// <summary>The parameters of the request, which the consent form repeats.</summary>
    public IEnumerable<(string Name, string Value)> Parameters =>
        from parameter in HttpContext.GetOpenIddictServerRequest()!.GetParameters()
        from value in (ImmutableArray<string?>?)parameter.Value ?? []
        where value is not null
        select (parameter.Key, value);

    /// <summary>The address of this page with the whole request, to return to after signing in.</summary>
    public string Address => Request.Path + Request.QueryString;

    /// <summary>The address of the request, rebuilt from the consent form.</summary>
    public string ReturnTo() =>
        Request.Path + Parameters.Where(parameter => parameter.Name is not ("decision" or "__RequestVerificationToken"))
        .Aggregate(QueryString.Empty, (query, parameter) => query.Add(parameter.Name, parameter.Value));

    public async Task<IActionResult> OnGet(CancellationToken cancellation)
    {
        await Load(cancellation);
        if (!IsOwn)
            return WrongAccount();
        if (HttpContext.GetOpenIddictServerRequest()!.HasPromptValue(PromptValues.None))
            return Refuse(Errors.ConsentRequired, "An administrator must consent.");
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
                actor, AuditAction.AllowClient, accountId, "The client belongs to another account.", ClientId);
            return WrongAccount();
        }

        await audit.Done(
            actor, decision == "allow" ? AuditAction.AllowClient : AuditAction.DenyClient, accountId, ClientId);
        if (decision != "allow")
            return Refuse(Errors.AccessDenied, "The administrator did not allow it.");
        // Whatever scopes were requested: there is only one to grant, and without a refresh token the client would lose
        // access after an hour.
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

    private PageResult WrongAccount()
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
