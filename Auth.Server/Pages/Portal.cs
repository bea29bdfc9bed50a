using System.Globalization;
using System.Text;
using Auth.Server.Administrators;
using Auth.Server.Credentials;
using Auth.Server.Pages.Security;
using Auth.Server.Pages.Settings;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ApplicationModels;
using Shared.Contracts;

namespace Auth.Server.Pages;

/// <summary>What all pages share: authorization, protection against forged forms, and texts.</summary>
internal static class Portal
{
    /// <summary>The name of the handlers that scripts call by themselves, every few seconds.</summary>
    public const string LiveHandler = "Live";

    // Kestrel accepts request lines of at most 8 KB.
    private const int MaxUrlLength = 8000;

    public static void AddPortal(this IServiceCollection services, AuthOptions auth)
    {
        services.AddAntiforgery(options =>
        {
            options.Cookie.Name = PortalCookie.NameOf("antiforgery", auth);
            // With "Strict", a browser that arrives from another site would get a new cookie, and forms that are open
            // in it would fail.
            options.Cookie.SameSite = SameSiteMode.Lax;
            options.Cookie.SecurePolicy = PortalCookie.SecurePolicyOf(auth);
        });
        services.AddScoped<RememberedForms>();
        services.AddHostedService<RememberedFormWatch>();
        services.AddSingleton<LiveEvents>();
        // Keeps messages across a redirect.
        services.Configure<CookieTempDataProviderOptions>(options =>
        {
            options.Cookie.Name = PortalCookie.NameOf("notice", auth);
            options.Cookie.SecurePolicy = PortalCookie.SecurePolicyOf(auth);
        });
        // Razor Pages check the antiforgery token of every posted form.
        services.AddRazorPages(pages =>
        {
            pages.Conventions.AuthorizeFolder("/");
            // Whatever their paths are, only the console's cookie opens them.
            pages.Conventions.AuthorizeFolder("/Operators", Site.Console.Scheme);
            pages.Conventions.AllowAnonymousToPage("/SignIn");
            pages.Conventions.AllowAnonymousToPage("/ForgottenPassword");
            pages.Conventions.AllowAnonymousToPage("/Invitation");
            pages.Conventions.AllowAnonymousToPage("/Error");
            pages.Conventions.AddFolderRouteModelConvention("/", AddToConsole);
            pages.Conventions.ConfigureFilter(new RequireSecondFactor());
            pages.Conventions.ConfigureFilter(new RefuseIfReadOnly());
            pages.Conventions.ConfigureFilter(new ShowRefusals());
        });
    }

    /// <summary>Gives error responses without a body a page, for browsers only.</summary>
    public static void UseErrorPages(this IApplicationBuilder app) => app.UseWhen(
        http => http.Request.GetTypedHeaders().Accept.Any(type => type.MediaType == "text/html"),
        browsers => browsers.UseStatusCodePagesWithReExecute("/error/{0}"));

    /// <summary>Whether a page's script makes the request, perhaps with nobody at the screen.</summary>
    public static bool IsPolling(HttpRequest request) =>
        HttpMethods.IsGet(request.Method)
        && $"{request.Query["handler"]}" is LiveHandler or ProvisioningLogModel.StreamHandler;

    /// <summary>Whether a page, by its path, is about signing in and not about the account.</summary>
    public static bool ConcernsOnlySignIn(string page) =>
        IsOfBothSites(page) || page is "/ForgottenPassword" or "/Invitation" or "/Error";

    /// <summary>Whether a page, by its path, belongs to both sites: people sign in to both in the same way.</summary>
    public static bool IsOfBothSites(string page) =>
        page.StartsWith("/Security/", StringComparison.Ordinal) || page is "/SignIn" or "/SignOut";

    /// <summary>Formats a UTC time for people.</summary>
    public static string FormatTime(DateTime utc) =>
        utc.ToString("d MMMM yyyy, HH:mm 'UTC'", CultureInfo.InvariantCulture);

    /// <summary>Why credentials are no longer active, and what to do.</summary>
    public static string WhyEnded(CredentialSet set)
    {
        const string next = "Generate new ones and enter them at your identity provider.";
        var endedAt = FormatTime((set.EndedAt ?? set.ExpiresAt)!.Value);
        return set.EndReason switch
        {
            null or CredentialSetEnd.Expired => $"Those that end in {set.LastFour} expired on {endedAt}. {next}",
            CredentialSetEnd.KeyWithdrawn =>
                $"SciLeads ended those that end in {set.LastFour} on {endedAt}, because the key that signed their API "
                + $"Token is no longer trusted. {next}",
            CredentialSetEnd.Superseded =>
                $"Those that end in {set.LastFour} were replaced on {endedAt}. Enter the newer ones at your identity "
                + "provider.",
            _ => $"Those that end in {set.LastFour} were ended by {set.EndedBy} on {endedAt}. {next}",
        };
    }

    /// <summary>Describes the secret of a set without showing it: <c>API token ending in 4f2Q</c>.</summary>
    public static string DescribeSecret(CredentialSet set) => set switch
    {
        { LastFour: "" } => $"client {set.ClientId}",
        { ClientId: null } => $"API token ending in {set.LastFour}",
        _ => $"client secret ending in {set.LastFour}",
    };

    /// <summary>Refuses a wrong or throttled attempt: sets the status, and returns the sentence to show.</summary>
    public static string Refuse(HttpResponse response, TimeSpan? wait, string wrong)
    {
        if (wait is null)
        {
            response.StatusCode = StatusCodes.Status400BadRequest;
            return wrong;
        }

        var seconds = (int)Math.Ceiling(wait.Value.TotalSeconds);
        response.StatusCode = StatusCodes.Status429TooManyRequests;
        response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        return $"Too many attempts. Try again in {(seconds == 1 ? "1 second" : $"{seconds} seconds")}.";
    }

    /// <summary>
    /// An address if it is a local one, otherwise another. It must be ASCII, as everything in a header, and not too
    /// long for a request line.
    /// </summary>
    public static string LocalOr(IUrlHelper url, string? address, string otherwise) =>
        url.IsLocalUrl(address) && Ascii.IsValid(address) && address.Length <= MaxUrlLength ? address : otherwise;

    /// <summary>
    /// A name at the beginning of a sentence: one of several words, such as <c>an operator</c>, gets a capital letter;
    /// an e-mail address or a client's name remains as it is.
    /// </summary>
    public static string Capitalize(string name) =>
        name.Contains(' ', StringComparison.Ordinal) ? char.ToUpperInvariant(name[0]) + name[1..] : name;

    /// <summary>The name of an authentication method in the setup guide.</summary>
    public static string NameOf(string method) =>
        method == CredentialMethods.OAuth2 ? "OAuth 2.0 Flow" : "Direct JWT Token";

    /// <summary>Gives a page of both sites a second address, at the console.</summary>
    private static void AddToConsole(PageRouteModel page)
    {
        if (IsOfBothSites(page.ViewEnginePath))
        {
            var template = page.Selectors[0].AttributeRouteModel!.Template;
            page.Selectors.Add(new()
            {
                AttributeRouteModel = new() { Template = $"{Site.Console.Root[1..]}/{template}" },
            });
        }
    }
}

/// <summary>A value to copy, with its label.</summary>
internal sealed record CopyField(string Id, string Label, string Value, bool IsLong = false);
