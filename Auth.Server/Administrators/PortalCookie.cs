using System.Security.Claims;
using Auth.Server.Audit;
using Auth.Server.Data;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Administrators;

/// <summary>Who is signed in to a site, as identified by its cookie.</summary>
/// <param name="AdministratorId">The administrator or operator.</param>
/// <param name="Account">The account whose portal is open; null in the operator console.</param>
/// <param name="SessionId">The session.</param>
/// <param name="Email">The address with which they signed in.</param>
/// <param name="IsOperator">Whether it is an operator, who only looks at the account.</param>
internal sealed record SignedIn(
    Guid AdministratorId, Guid? Account, Guid SessionId, string Email, bool IsOperator = false)
{
    private const string AccountClaim = "account";
    private const string OperatorClaim = "operator";
    private const string Session = "sid";

    /// <summary>The account whose portal is open. The pages of the portal have one.</summary>
    public Guid AccountId => Account ?? throw new InvalidOperationException("The console belongs to no account.");

    public static SignedIn From(ClaimsPrincipal user) => new(
        Guid.Parse(user.FindFirstValue(ClaimTypes.NameIdentifier)!),
        user.FindFirstValue(AccountClaim) is { } account ? Guid.Parse(account) : null,
        Guid.Parse(user.FindFirstValue(Session)!),
        user.Identity!.Name!,
        user.HasClaim(claim => claim.Type == OperatorClaim));

    public static SignedIn From(AdministratorSession session) => new(
        session.AdministratorId, session.AccountId, session.Id, session.Administrator.Email!,
        session.Administrator.AccountId is null);

    /// <summary>The administrator or operator, as the sender of a request, for the audit log.</summary>
    public Actor ToActor(HttpContext http) =>
        IsOperator ? Actor.Staff(Email, http) : Actor.Administrator(Email, http);

    public ClaimsPrincipal ToPrincipal() => new(new ClaimsIdentity(
        [
            new(ClaimTypes.NameIdentifier, AdministratorId.ToString()),
            new(ClaimTypes.Name, Email),
            new(Session, SessionId.ToString()),
            .. Account is { } account ? [new Claim(AccountClaim, account.ToString())] : Array.Empty<Claim>(),
            .. IsOperator ? [new Claim(OperatorClaim, "true")] : Array.Empty<Claim>(),
        ],
        CookieAuthenticationDefaults.AuthenticationScheme));
}

/// <summary>The account whose portal is open, and what may be done there: a feature of the request.</summary>
/// <param name="Name">The name of the account.</param>
/// <param name="IsSuspended">Whether the account is suspended.</param>
/// <param name="ReadOnly">Whether the administrator is a read-only one.</param>
/// <param name="IsViewed">Whether it is open to an operator, who only looks at it.</param>
internal sealed record SignedInAccount(string Name, bool IsSuspended, bool ReadOnly, bool IsViewed);

/// <summary>
/// The cookies of the two sites. Each is valid only as long as the session in the database that it refers to.
/// </summary>
internal static class PortalCookie
{
    /// <summary>The parameter of the page to sign in that says that a form was sent after the session ended.</summary>
    public const string EndedParameter = "ended";

    // The default scheme, which stands for that of the site that a request is for.
    private const string AnySite = "Site";

    /// <param name="services">The services of the server.</param>
    /// <param name="auth">The settings.</param>
    /// <param name="isUse">Whether a request counts as a use of the session, because a person made it.</param>
    public static void AddPortalCookie(
        this IServiceCollection services, AuthOptions auth, Func<HttpRequest, bool> isUse)
    {
        var authentication = services.AddAuthentication(AnySite).AddPolicyScheme(
            AnySite, displayName: null, options => options.ForwardDefaultSelector = http => Site.Of(http).Scheme);
        foreach (var site in new[] { Site.Portal, Site.Console })
            authentication.AddCookie(site.Scheme, options => Configure(options, site, auth, isUse));
        services.AddAuthorizationBuilder().AddPolicy(Site.Console.Scheme, policy => policy
            .AddAuthenticationSchemes(Site.Console.Scheme).RequireAuthenticatedUser());
    }

    private static void Configure(
        CookieAuthenticationOptions options, Site site, AuthOptions auth, Func<HttpRequest, bool> isUse)
    {
        options.Cookie.Name = NameOf(site.Name, auth);
        options.Cookie.SecurePolicy = SecurePolicyOf(auth);
        options.Cookie.SameSite = SameSiteMode.Lax;
        options.LoginPath = site.SignIn;
        options.AccessDeniedPath = site.SignIn;
        options.ReturnUrlParameter = "returnUrl";
        options.ExpireTimeSpan = AdministratorSession.Lifetime;
        options.SlidingExpiration = false;
        options.Events.OnValidatePrincipal = context => RequireLiveSession(context, site, isUse);
        options.Events.OnRedirectToLogin = context =>
        {
            // A script that polls must not show the page to sign in within its own page: 286 ends its polling.
            if (!isUse(context.Request))
            {
                context.Response.StatusCode = 286;
                context.Response.Headers["HX-Reswap"] = "none";
            }
            else
            {
                context.Response.Redirect(SignInAddress(site, context.Request, context.Properties.RedirectUri));
            }
            return Task.CompletedTask;
        };
    }

    /// <summary>With HTTPS, adds the prefix of cookies that no other host of the domain can set.</summary>
    public static string NameOf(string name, AuthOptions auth) => auth.IsHttps ? $"__Host-{name}" : name;

    public static CookieSecurePolicy SecurePolicyOf(AuthOptions auth) =>
        auth.IsHttps ? CookieSecurePolicy.Always : CookieSecurePolicy.SameAsRequest;

    /// <summary>
    /// Where to sign in, from where the browser returns to the requested page, or to <paramref name="returnTo"/>. A
    /// form is not sent again after that, so the page to sign in says that nothing was changed.
    /// </summary>
    private static string SignInAddress(Site site, HttpRequest request, string? returnTo)
    {
        if (returnTo is not null || HttpMethods.IsGet(request.Method))
            return site.SignIn + QueryString.Create("returnUrl", returnTo ?? request.Path + request.QueryString);
        if (request.Path == site.SignOut)
            return site.SignIn;
        var query = QueryString.Create(request.Query.Where(parameter => parameter.Key != "handler"));
        return site.SignIn + QueryString.Create("returnUrl", request.Path + query).Add(EndedParameter, "true");
    }

    /// <summary>How often the time of a session's last use is updated, so that not every page needs a write.</summary>
    private static readonly TimeSpan touchInterval = TimeSpan.FromMinutes(1);

    private static async Task RequireLiveSession(
        CookieValidatePrincipalContext context, Site site, Func<HttpRequest, bool> isUse)
    {
        var services = context.HttpContext.RequestServices;
        var db = services.GetRequiredService<AuthDbContext>();
        var now = services.GetRequiredService<TimeProvider>().GetUtcNow().UtcDateTime;
        var id = SignedIn.From(context.Principal!).SessionId;
        var cancellation = context.HttpContext.RequestAborted;
        var session = await db.Sessions.Where(AdministratorSession.IsLive(now))
            .Where(s => s.Id == id && (s.AccountId == null) == site.IsConsole)
            .Select(s => new
            {
                s.LastUsedAt,
                Account = s.Account == null ? null : new SignedInAccount(
                    s.Account.Name, s.Account.Suspended, s.Administrator.ReadOnly, s.Administrator.AccountId == null),
            })
            .SingleOrDefaultAsync(cancellation);
        if (session is null)
        {
            context.RejectPrincipal();
            await context.HttpContext.SignOutAsync(site.Scheme);
            return;
        }

        if (session.Account is not null)
            context.HttpContext.Features.Set(session.Account);
        // Requests that a page's script makes do not count as use: the person may have left the screen.
        if (now - session.LastUsedAt >= touchInterval && isUse(context.Request))
        {
            await db.Sessions.Where(s => s.Id == id)
                .ExecuteUpdateAsync(change => change.SetProperty(s => s.LastUsedAt, now), cancellation);
        }
    }
}
