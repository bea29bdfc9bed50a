using Microsoft.AspNetCore.Identity;
using Shared.Hosting.Text;

namespace Auth.Server.Administrators;

/// <summary>
/// The form in which administrators' e-mail addresses are compared: prepared as RFC 8265 §3.3 says
/// (UsernameCaseMapped), as Scim.Api compares the addresses of users. By it they are looked up, unique in an account,
/// invited, and counted when somebody guesses a password. ASP.NET Core Identity's own normalizer knows letter case
/// only.
/// </summary>
internal sealed class EmailNormalizer : ILookupNormalizer
{
    /// <summary>The key of an address; spaces around it, from a bad paste, do not count.</summary>
    public static string Normalize(string email) => CaseFolding.Fold(email.Trim());

    public string? NormalizeEmail(string? email) => email is null ? null : Normalize(email);

    // User names are ids.
    public string? NormalizeName(string? name) => NormalizeEmail(name);
}
