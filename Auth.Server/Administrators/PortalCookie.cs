using System.Security.Claims;
using Auth.Server.Audit;
using Auth.Server.Data;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Administrators;

/// <summary>The administrator who is signed in to the portal, as identified by the cookie.</summary>
internal sealed record SignedIn(Guid AdministratorId, Guid AccountId, Guid SessionId, string Email)
{
    private const string Account = "account";
    private const string Session = "sid";

    public static SignedIn From(ClaimsPrincipal user) => new(
        Guid.Parse(user.FindFirstValue(ClaimTypes.NameIdentifier)!),
        Guid.Parse(user.FindFirstValue(Account)!),
        Guid.Parse(user.FindFirstValue(Session)!),
        user.Identity!.Name!);

    public static SignedIn From(AdministratorSession session) => new(
        session.AdministratorId, session.Administrator.AccountId, session.Id, session.Administrator.Email!);

    /// <summary>The administrator, as the sender of a request, for the audit log.</summary>
    public Actor ToActor(HttpContext http) => Actor.Administrator(Email, http);

    public ClaimsPrincipal ToPrincipal() => new(new ClaimsIdentity(
        [
            new(ClaimTypes.NameIdentifier, AdministratorId.ToString()),
            new(ClaimTypes.Name, Email),
            new(Account, AccountId.ToString()),
            new(Session, SessionId.ToString()),
        ],
        CookieAuthenticationDefaults.AuthenticationScheme));
}

/// <summary>The account and role of the administrator who is signed in: a feature of the request.</summary>
/// <param name="Name">The name of the account.</param>
/// <param name="IsSuspended">Whether the account is suspended.</param>
/// <param name="ReadOnly">Whether the administrator is a read-only one.</param>
internal sealed record SignedInAccount(string Name, bool IsSuspended, bool ReadOnly);

/// <summary>The portal's cookie. It is valid only as long as the session in the database that it refers to.</summary>
internal static class PortalCookie
{
    public const string SignInPath = "/sign-in";
    public const string SignOutPath = "/sign-out";

    /// <summary>The parameter of the page to sign in that says that a form was sent after the session ended.</summary>
    public const string EndedParameter = "ended";

    /// <param name="services">The services of the server.</param>
    /// <param name="auth">The settings.</param>
    /// <param name="isUse">Whether a request counts as a use of the session, because a person made it.</param>
    public static void AddPortalCookie(
        this IServiceCollection services, AuthOptions auth, Func<HttpRequest, bool> isUse) => services
        .AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme)
        .AddCookie(options =>
        {
            options.Cookie.Name = NameOf("portal", auth);
            options.Cookie.SecurePolicy = SecurePolicyOf(auth);
            options.Cookie.SameSite = SameSiteMode.Lax;
            options.LoginPath = SignInPath;
            options.AccessDeniedPath = SignInPath;
            options.ReturnUrlParameter = "returnUrl";
            options.ExpireTimeSpan = AdministratorSession.Lifetime;
            options.SlidingExpiration = false;
            options.Events.OnValidatePrincipal = context => RequireLiveSession(context, isUse);
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
                    context.Response.Redirect(SignInAddress(context.Request, context.Properties.RedirectUri));
                }
                return Task.CompletedTask;
            };
        });

    /// <summary>With HTTPS, adds the prefix of cookies that no other host of the domain can set.</summary>
    public static string NameOf(string name, AuthOptions auth) => auth.IsHttps ? $"__Host-{name}" : name;

    public static CookieSecurePolicy SecurePolicyOf(AuthOptions auth) =>
        auth.IsHttps ? CookieSecurePolicy.Always : CookieSecurePolicy.SameAsRequest;

    /// <summary>
    /// Where to sign in, from where the browser returns to the requested page, or to <paramref name="returnTo"/>. A
    /// form is not sent again after that, so the page to sign in says that nothing was changed.
    /// </summary>
    private static string SignInAddress(HttpRequest request, string? returnTo)
    {
        if (returnTo is not null || HttpMethods.IsGet(request.Method))
            return SignInPath + QueryString.Create("returnUrl", returnTo ?? request.Path + request.QueryString);
        if (request.Path == SignOutPath)
            return SignInPath;
        var query = QueryString.Create(request.Query.Where(parameter => parameter.Key != "handler"));
        return SignInPath + QueryString.Create("returnUrl", request.Path + query).Add(EndedParameter, "true");
    }

    /// <summary>How often the time of a session's last use is updated, so that not every page needs a write.</summary>
    private static readonly TimeSpan touchInterval = TimeSpan.FromMinutes(1);

    private static async Task RequireLiveSession(
        CookieValidatePrincipalContext context, Func<HttpRequest, bool> isUse)
    {
        var services = context.HttpContext.RequestServices;
        var db = services.GetRequiredService<AuthDbContext>();
        var now = services.GetRequiredService<TimeProvider>().GetUtcNow().UtcDateTime;
        var id = SignedIn.From(context.Principal!).SessionId;
        var cancellation = context.HttpContext.RequestAborted;
        var session = await db.Sessions.Where(AdministratorSession.IsLive(now)).Where(s => s.Id == id)
            .Select(s => new
            {
                s.LastUsedAt,
                Account = new SignedInAccount(
                    s.Administrator.Account.Name, s.Administrator.Account.Suspended, s.Administrator.ReadOnly),
            })
            .SingleOrDefaultAsync(cancellation);
        if (session is null)
        {
            context.RejectPrincipal();
            await context.HttpContext.SignOutAsync(CookieAuthenticationDefaults.AuthenticationScheme);
            return;
        }

        context.HttpContext.Features.Set(session.Account);
        // Requests that a page's script makes do not count as use: the person may have left the screen.
        if (now - session.LastUsedAt >= touchInterval && isUse(context.Request))
        {
            await db.Sessions.Where(s => s.Id == id)
                .ExecuteUpdateAsync(change => change.SetProperty(s => s.LastUsedAt, now), cancellation);
        }
    }
}
