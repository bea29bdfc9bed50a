using System.Globalization;

namespace Shared.Hosting.Text;

/// <summary>
/// What counts as an e-mail address: <c>local@domain</c> (RFC 5321 §2.3.11 without quoted local parts and address
/// literals; letters beyond ASCII as in RFC 6531), on a domain with a dot.
/// </summary>
public static class EmailAddress
{
    // Some software treats it as a dot (RFC 3490 §3.1).
    private const char IdeographicStop = '\u3002';

    private static readonly IdnMapping Idn = new() { AllowUnassigned = true };

    private const string AtomSymbols = "!#$%&'*+-/=?^_`{|}~";

    /// <summary>
    /// Whether this is an address, both as written and folded: it must not contain a full-width <c>＠</c> or space.
    /// </summary>
    public static bool IsValid(string text) =>
        text.Length <= 254 && IsAddress(text) && IsAddress(CaseFolding.Fold(text)) && Identifiers.Fault(text) is null;

    /// <summary>
    /// The domain after the last <c>@</c>, as its <see cref="DomainKey"/>; null if there is none.
    /// </summary>
    public static string? DomainOf(string text)
    {
        var folded = CaseFolding.Fold(text);
        return folded.LastIndexOf('@') is >= 0 and var at && IsDomain(folded[(at + 1)..])
            ? DomainKey(folded[(at + 1)..])
            : null;
    }

    /// <summary>
    /// The form in which domains are compared: folded, with Punycode decoded (RFC 5891 §5.1).
    /// </summary>
    public static string DomainKey(string domain) =>
        string.Join('.', CaseFolding.Fold(domain).Split('.').Select(LabelKey));

    private static string LabelKey(string label)
    {
        if (!label.StartsWith("xn--", StringComparison.Ordinal))
            return label;
        try
        {
            return CaseFolding.Fold(Idn.GetUnicode(label));
        }
        catch (ArgumentException)
        {
            return label;
        }
    }

    private static bool IsAddress(string text) =>
        text.Split('@') is [{ Length: > 0 and <= 64 } local, var domain]
        && local.Split('.').All(IsAtom)
        && IsDomain(domain);

    // Dots separate atoms (RFC 5321 §4.1.2, Dot-string), so there is none at either end and never two in a row.
    private static bool IsAtom(string atom) => atom.Length > 0
        && atom.All(c => char.IsLetterOrDigit(c) || c > 127 || AtomSymbols.Contains(c, StringComparison.Ordinal));

    private static bool IsDomain(string domain) =>
        domain.Split('.') is { Length: > 1 } labels && labels.All(IsLabel);

    private static bool IsLabel(string label) =>
        label.Length is > 0 and <= 63
        && label[0] != '-' && label[^1] != '-'
        && label.All(c => char.IsAsciiLetterOrDigit(c) || c == '-' || (c > 127 && c != IdeographicStop));
}
