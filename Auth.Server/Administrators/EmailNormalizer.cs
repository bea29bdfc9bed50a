using Microsoft.AspNetCore.Identity;
using Shared.Hosting.Text;

namespace Auth.Server.Administrators;

/// <summary>
/// Normalizes administrators' e-mail addresses for comparison, as RFC 8265 §3.3 says (UsernameCaseMapped) and as
/// Scim.Api does for users. Lookups, uniqueness within an account, invitations and the sign-in throttle all use the
/// normalized form. ASP.NET Core Identity's own normalizer changes letter case only.
/// </summary>
internal sealed class EmailNormalizer : ILookupNormalizer
{
    /// <summary>Normalizes an address. Leading and trailing spaces, as from a careless paste, are ignored.</summary>
    public static string Normalize(string email) => CaseFolding.Fold(email.Trim());

    public string? NormalizeEmail(string? email) => email is null ? null : Normalize(email);

    // User names are ids, which need no normalization of their own.
    public string? NormalizeName(string? name) => NormalizeEmail(name);
}
