using Shared.Contracts.Text;

namespace Scim.Api.Provisioning;

/// <summary>
/// What counts as an e-mail address: <c>local@domain</c> as people have them (RFC 5321 §2.3.11 without quoted local
/// parts and address literals; letters beyond ASCII by RFC 6531), on a domain with a dot.
/// </summary>
internal static class EmailAddress
{
    private const string AtomMarks = "!#$%&'*+-/=?^_`{|}~";

    public static bool IsOne(string text) =>
        text.Length <= 254
        && text.Split('@') is [{ Length: > 0 and <= 64 } local, var domain]
        && local.Split('.').All(IsAtom)
        && Identifiers.Fault(text) is null
        && IsDomain(domain);

    /// <summary>What follows the last <c>@</c>, if it is a domain; null if it is not.</summary>
    public static string? DomainOf(string text) =>
        text.LastIndexOf('@') is >= 0 and var at && IsDomain(text[(at + 1)..]) ? text[(at + 1)..] : null;

    // Dots separate atoms (RFC 5321 §4.1.2, Dot-string), so that there is none at either end and never two in a row.
    private static bool IsAtom(string atom) => atom.Length > 0
        && atom.All(c => char.IsLetterOrDigit(c) || c > 127 || AtomMarks.Contains(c, StringComparison.Ordinal));

    private static bool IsDomain(string domain) =>
        domain.Split('.') is { Length: > 1 } labels && labels.All(IsLabel);

    private static bool IsLabel(string label) =>
        label.Length is > 0 and <= 63
        && label[0] != '-' && label[^1] != '-'
        && label.All(c => char.IsAsciiLetterOrDigit(c) || c == '-' || c > 127);
}
