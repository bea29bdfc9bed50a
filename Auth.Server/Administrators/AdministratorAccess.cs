using Auth.Server.Data;

namespace Auth.Server.Administrators;

/// <summary>Who the administrators are, and what a sign-in takes: ASP.NET Core Identity with the rules of this folder.</summary>
internal static class AdministratorAccess
{
    public static void AddAdministrators(this IServiceCollection services)
    {
        services.AddSingleton<Tickets>();
        services.AddSingleton<DeviceCookie>();
        services.AddScoped<HoldOff>();
        services.AddScoped<Sessions>();
        services.AddScoped<SignIn>();
        services.AddScoped<AdministratorRegister>();
        services.AddScoped<Invitations>();
        services.AddIdentityCore<Administrator>(identity =>
            {
                identity.User.RequireUniqueEmail = true;
                // User names are e-mail addresses, and people are named O'Brien.
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
    }
}
