using Auth.Server.Data;
using Microsoft.AspNetCore.Identity;

namespace Auth.Server.Administrators;

/// <summary>
/// Who the administrators are, and what a sign-in takes: ASP.NET Core Identity with the rules of this folder.
/// </summary>
internal static class AdministratorAccess
{
    public static void AddAdministrators(this IServiceCollection services, AuthOptions auth)
    {
        services.AddSingleton<Tickets>();
        services.AddSingleton<DeviceCookie>();
        services.AddSingleton<PasswordThreads>();
        services.AddScoped<Passwords>();
        services.AddSingleton<SignInWaitCache>();
        services.AddScoped<SignInThrottle>();
        services.AddScoped<Sessions>();
        services.AddScoped<AuthenticatorApps>();
        services.AddScoped<RecoveryCodes>();
        services.AddScoped<Passkeys>();
        services.AddScoped<SecondFactorRegister>();
        services.AddScoped<SignIn>();
        services.AddScoped<AdministratorRegister>();
        services.AddScoped<Invitations>();
        services.AddSingleton<ILookupNormalizer, EmailNormalizer>();
        services.AddIdentityCore<Administrator>(identity =>
            {
                // Of an account only, which an index sees to.
                identity.User.RequireUniqueEmail = false;
                identity.User.AllowedUserNameCharacters = "";
                identity.Password.RequiredLength = PasswordRules.MinLength;
                // Length is what counts. A rule on kinds of characters would refuse one random password in twenty.
                identity.Password.RequireNonAlphanumeric = false;
                identity.Password.RequireDigit = false;
                identity.Password.RequireUppercase = false;
                identity.Password.RequireLowercase = false;
            })
            .AddPasswordValidator<PasswordRules>()
            .AddEntityFrameworkStores<AuthDbContext>();
        // What OWASP asks of PBKDF2 with SHA-512. A password that was hashed with fewer is hashed anew when it is next
        // used.
        services.Configure<PasswordHasherOptions>(hasher => hasher.IterationCount = 210_000);
        services.AddScoped<IPasskeyHandler<Administrator>, PasskeyHandler<Administrator>>();
        services.Configure<IdentityPasskeyOptions>(passkeys =>
        {
            // Of the one public address, whatever host a request names.
            passkeys.ServerDomain = auth.PublicUrl.Host;
            passkeys.ValidateOrigin = asked => ValueTask.FromResult(
                !asked.CrossOrigin && asked.Origin == auth.PublicUrl.GetLeftPart(UriPartial.Authority));
            // The device asks for PIN or finger, and knows whose passkey it is without being told.
            passkeys.UserVerificationRequirement = "required";
            passkeys.ResidentKeyRequirement = "required";
        });
    }
}
