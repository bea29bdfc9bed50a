using Auth.Server.Data;
using Microsoft.AspNetCore.Identity;

namespace Auth.Server.Administrators;

/// <summary>Registers administrators and their sign-in: ASP.NET Core Identity with the rules of this folder.</summary>
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
        services.AddScoped<Memberships>();
        services.AddScoped<Invitations>();
        services.AddSingleton<ForgottenPasswords>();
        services.AddHostedService<ForgottenPasswordWatch>();
        services.AddSingleton<ILookupNormalizer, EmailNormalizer>();
        services.AddIdentityCore<Administrator>(identity =>
            {
                // Addresses are unique within an account, which an index ensures.
                identity.User.RequireUniqueEmail = false;
                identity.User.AllowedUserNameCharacters = "";
                identity.Password.RequiredLength = PasswordRules.MinLength;
                // Length is what counts. A rule on character classes would reject one random password in twenty.
                identity.Password.RequireNonAlphanumeric = false;
                identity.Password.RequireDigit = false;
                identity.Password.RequireUppercase = false;
                identity.Password.RequireLowercase = false;
            })
            .AddPasswordValidator<PasswordRules>()
            .AddEntityFrameworkStores<AuthDbContext>();
        // As OWASP recommends for PBKDF2 with SHA-512. A password hashed with fewer iterations is rehashed at
        // its next use.
        services.Configure<PasswordHasherOptions>(hasher => hasher.IterationCount = 210_000);
        services.AddScoped<IPasskeyHandler<Administrator>, PasskeyHandler<Administrator>>();
        services.Configure<IdentityPasskeyOptions>(passkeys =>
        {
            // Those of the public URL, whatever host a request names.
            passkeys.ServerDomain = auth.PublicUrl.Host;
            passkeys.ValidateOrigin = origin => ValueTask.FromResult(
                !origin.CrossOrigin && origin.Origin == auth.PublicUrl.GetLeftPart(UriPartial.Authority));
            // The device verifies its user by PIN or biometrics, and the passkey is discoverable without a user name.
            passkeys.UserVerificationRequirement = "required";
            passkeys.ResidentKeyRequirement = "required";
        });
    }
}
