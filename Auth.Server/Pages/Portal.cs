using Auth.Server.Administrators;
using Microsoft.AspNetCore.Mvc;

namespace Auth.Server.Pages;

/// <summary>What all pages share: who may see them, and a token against forged forms on each.</summary>
internal static class Portal
{
    public static void AddPortal(this IServiceCollection services, AuthOptions auth)
    {
        services.AddAntiforgery(options =>
        {
            options.Cookie.Name = PortalCookie.NameOf("antiforgery", auth);
            options.Cookie.SecurePolicy = PortalCookie.SecurePolicyOf(auth);
        });
        services.AddRazorPages(pages =>
        {
            pages.Conventions.AuthorizeFolder("/");
            pages.Conventions.AllowAnonymousToPage("/SignIn");
            pages.Conventions.AllowAnonymousToPage("/Error");
            pages.Conventions.ConfigureFilter(new AutoValidateAntiforgeryTokenAttribute());
            // Pages show what is so now, and secrets once: no browser or proxy may keep them.
            pages.Conventions.ConfigureFilter(new ResponseCacheAttribute { NoStore = true, Location = ResponseCacheLocation.None });
        });
    }
}
