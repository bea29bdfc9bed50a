using System.Globalization;
using System.Text;
using Auth.Server.Administrators;
using Auth.Server.Credentials;
using Auth.Server.Pages.Security;
using Microsoft.AspNetCore.Mvc;
using Shared.Contracts;

namespace Auth.Server.Pages;

/// <summary>What all pages share: who sees them, a token against forged forms, and how they put things.</summary>
internal static class Portal
{
    // Kestrel takes request lines of 8 KB.
    private const int MaxUrlLength = 8000;

    public static void AddPortal(this IServiceCollection services, AuthOptions auth)
    {
        services.AddAntiforgery(options =>
        {
            options.Cookie.Name = PortalCookie.NameOf("antiforgery", auth);
            // "Strict" would make a browser that comes from another site forget the forms it has open.
            options.Cookie.SameSite = SameSiteMode.Lax;
            options.Cookie.SecurePolicy = PortalCookie.SecurePolicyOf(auth);
        });
        services.AddScoped<RememberedForms>();
        services.AddHostedService<RememberedFormWatch>();
        // Carries one sentence over a redirect.
        services.Configure<CookieTempDataProviderOptions>(options =>
        {
            options.Cookie.Name = PortalCookie.NameOf("notice", auth);
            options.Cookie.SecurePolicy = PortalCookie.SecurePolicyOf(auth);
        });
        // Razor Pages themselves insist on the token in every form that is posted.
        services.AddRazorPages(pages =>
        {
            pages.Conventions.AuthorizeFolder("/");
            pages.Conventions.AllowAnonymousToPage("/SignIn");
            pages.Conventions.AllowAnonymousToPage("/Invitation");
            pages.Conventions.AllowAnonymousToPage("/Error");
            pages.Conventions.ConfigureFilter(new RequireSecondFactor());
            pages.Conventions.ConfigureFilter(new ShowRefusals());
        });
    }

    /// <summary>An error without a body becomes a page where a browser asks; programs get the bare status.</summary>
    public static void UseErrorPages(this IApplicationBuilder app) => app.UseWhen(
        http => http.Request.GetTypedHeaders().Accept.Any(type => type.MediaType == "text/html"),
        browsers => browsers.UseStatusCodePagesWithReExecute("/error/{0}"));

    /// <summary>Whether a page asks for something by itself, with nobody at the screen.</summary>
    public static bool IsPolling(HttpRequest request) =>
        HttpMethods.IsGet(request.Method) && request.Query["handler"] == ScimCredentialsModel.NewsHandler;

    /// <summary>A UTC time in words.</summary>
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
            _ => $"{set.EndedBy} ended those that end in {set.LastFour} on {endedAt}. {next}",
        };
    }

    /// <summary>What opens the door, without its value: <c>API token ending in 4f2Q</c>.</summary>
    public static string DescribeSecret(CredentialSet set) => set switch
    {
        { LastFour: "" } => $"client {set.ClientId}",
        { ClientId: null } => $"API token ending in {set.LastFour}",
        _ => $"client secret ending in {set.LastFour}",
    };

    /// <summary>A wrong guess, or one that came too soon, in a sentence for who made it.</summary>
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
    /// A page of this site to go on to. One that a browser was at is in ASCII; another cannot stand in a header. Nor
    /// was it at an address that is longer than a request line may be.
    /// </summary>
    public static string LocalOr(IUrlHelper url, string? address, string otherwise) =>
        url.IsLocalUrl(address) && Ascii.IsValid(address) && address.Length <= MaxUrlLength ? address : otherwise;

    /// <summary>The guide's name of an authentication method.</summary>
    public static string NameOf(string method) =>
        method == CredentialMethods.OAuth2 ? "OAuth 2.0 Flow" : "Direct JWT Token";
}

/// <summary>A value to be copied, with its label.</summary>
internal sealed record CopyField(string Id, string Label, string Value, bool IsLong = false);
