using Shared.Contracts.Text;

namespace Scim.Api.Provisioning;

/// <summary>
/// What counts as an e-mail address: <c>local@domain</c> as people have them (RFC 5321 §2.3.11 without quoted local
/// parts and address literals; letters beyond ASCII by RFC 6531), on a domain with a dot.
/// </summary>
internal static class EmailAddress
{
    private const string LocalMarks = "!#$%&'*+-/=?^_`{|}~.";

    public static bool IsOne(string text) =>
        text.Length <= 254
        && text.Split('@') is [{ Length: > 0 and <= 64 } local, var domain]
        && local.All(c => char.IsLetterOrDigit(c) || c > 127 || LocalMarks.Contains(c, StringComparison.Ordinal))
        && Identifiers.Fault(text) is null
        && domain.Split('.') is { Length: > 1 } labels
        && labels.All(IsLabel);

    public static string DomainOf(string address) => address[(address.LastIndexOf('@') + 1)..];

    private static bool IsLabel(string label) =>
        label.Length is > 0 and <= 63
        && label[0] != '-' && label[^1] != '-'
        && label.All(c => char.IsAsciiLetterOrDigit(c) || c == '-' || c > 127);
}
