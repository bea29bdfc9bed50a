using System.Security.Claims;
using Auth.Server.Audit;
using Auth.Server.Data;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Administrators;

/// <summary>The administrator who is signed in to the portal, as the cookie names them.</summary>
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

    /// <summary>The administrator as the one who sends a request.</summary>
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

/// <summary>The portal's cookie. It is only as good as the session in the database that it names.</summary>
internal static class PortalCookie
{
    public const string SignInPath = "/sign-in";

    /// <param name="services">The services of the server.</param>
    /// <param name="auth">The settings.</param>
    /// <param name="isUse">Whether a request is one that somebody at the screen made, and so a use of the
    /// session.</param>
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
        });

    /// <summary>Under HTTPS a cookie that no other host of the domain can set or read.</summary>
    public static string NameOf(string name, AuthOptions auth) => auth.IsHttps ? $"__Host-{name}" : name;

    public static CookieSecurePolicy SecurePolicyOf(AuthOptions auth) =>
        auth.IsHttps ? CookieSecurePolicy.Always : CookieSecurePolicy.SameAsRequest;

    /// <summary>Tells a session's last use no finer than this, so that not every page is a write.</summary>
    private static readonly TimeSpan touchedEvery = TimeSpan.FromMinutes(1);

    private static async Task RequireLiveSession(
        CookieValidatePrincipalContext context, Func<HttpRequest, bool> isUse)
    {
        var services = context.HttpContext.RequestServices;
        var db = services.GetRequiredService<AuthDbContext>();
        var now = services.GetRequiredService<TimeProvider>().GetUtcNow().UtcDateTime;
        var id = SignedIn.From(context.Principal!).SessionId;
        var cancellation = context.HttpContext.RequestAborted;
        var session = await db.Sessions.Where(AdministratorSession.IsLive(now)).Where(s => s.Id == id)
            .Select(s => new { s.LastUsedAt }).SingleOrDefaultAsync(cancellation);
        if (session is null)
        {
            context.RejectPrincipal();
            await context.HttpContext.SignOutAsync(CookieAuthenticationDefaults.AuthenticationScheme);
            return;
        }

        // What a page asks for by itself is no use of it: somebody may have walked away from the screen.
        if (now - session.LastUsedAt >= touchedEvery && isUse(context.Request))
        {
            await db.Sessions.Where(s => s.Id == id)
                .ExecuteUpdateAsync(change => change.SetProperty(s => s.LastUsedAt, now), cancellation);
        }
    }
}
