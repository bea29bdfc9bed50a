using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Diagnostics;

namespace Auth.Server.Administrators;

/// <summary>
/// One of the two sites that people sign in to: the portal, for the administrators of an account, and the console, for
/// operators, who are SciLeads' own staff. The path of a request decides which of them it is for, and each reads only
/// its own cookie. So a session of one never opens the other.
/// </summary>
internal sealed class Site
{
    private Site(string name, string root, string scheme) => (Name, Root, Scheme) = (name, root, scheme);

    public static Site Portal { get; } = new("portal", "", CookieAuthenticationDefaults.AuthenticationScheme);

    public static Site Console { get; } = new("operator", "/operator", "Operator");

    /// <summary>The name of its cookie.</summary>
    public string Name { get; }

    /// <summary>What its paths begin with.</summary>
    public string Root { get; }

    /// <summary>The authentication scheme of its cookie. The console's is also a policy, which requires it.</summary>
    public string Scheme { get; }

    public string Home => Root == "" ? "/" : Root;

    public string SignIn => $"{Root}/sign-in";

    public string SignOut => $"{Root}/sign-out";

    /// <summary>Where people change how they sign in.</summary>
    public string Security => $"{Root}/security";

    public bool IsConsole => this == Console;

    /// <summary>The site that a request is for. The page of an error belongs to the site of the request.</summary>
    public static Site Of(HttpContext http)
    {
        var failed = http.Features.Get<IStatusCodeReExecuteFeature>()?.OriginalPath
            ?? http.Features.Get<IExceptionHandlerPathFeature>()?.Path;
        var path = failed is null ? http.Request.Path : new PathString(failed);
        return path.StartsWithSegments(Console.Root) ? Console : Portal;
    }

    /// <summary>The site of whoever belongs to an account; without one (null), they are an operator.</summary>
    public static Site Of(Guid? account) => account is null ? Console : Portal;
}

/// <summary>Whom a command means by an e-mail address.</summary>
/// <param name="Email">The address to sign in with.</param>
/// <param name="AccountId">The account; needed if administrators of several accounts have the address.</param>
/// <param name="IsOperator">Whether an operator is meant, and not an administrator.</param>
internal sealed record SignInName(string Email, Guid? AccountId = null, bool IsOperator = false);
