using System.Globalization;
using System.Text;

namespace Shared.Hosting.Text;

/// <summary>
/// What identifiers of people (userName, e-mail addresses) and of systems may contain, whatever an account's attribute
/// rules are: no code point that is invisible, cannot be typed, or is not assigned yet. Otherwise two identifiers that
/// look alike could belong to two people (RFC 8264 §12.5). The table is <c>identifier-characters.txt</c>. Unchanged
/// values are never checked again, so that users who violate a newer rule can still be changed.
/// </summary>
public static class Identifiers
{
    private static readonly (int First, int Last, string Kind)[] Refused =
    [
        .. UnicodeTable.Read("identifier-characters.txt")
            .Select(line => (Range: UnicodeTable.Range(line.Entry), line.Heading))
            .Select(line => (line.Range.First, line.Range.Last, line.Heading))
            .OrderBy(range => range.First),
    ];

    private const string OtherSpace = "a space other than U+0020";

    /// <summary>
    /// What is wrong with a name or an address, as the end of a sentence ("contains U+200B (an invisible character),
    /// which is not allowed."); null if nothing is. Ordinary spaces are allowed inside it.
    /// </summary>
    public static string? Fault(string text) =>
        FindFault(text, anySpace: false)
        ?? (text.StartsWith(' ') ? "begins with a space (U+0020), which is not allowed."
            : text.EndsWith(' ') ? "ends with a space (U+0020), which is not allowed."
            : null);

    /// <summary>
    /// The same for an identifier that another system assigns and that is compared exactly, such as <c>externalId</c>:
    /// it may contain spaces of every kind, anywhere.
    /// </summary>
    public static string? FaultOfExternal(string text) => FindFault(text, anySpace: true);

    private static string? FindFault(string text, bool anySpace)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is >= ' ' and <= '~')
                continue;
            if (!Rune.TryGetRuneAt(text, i, out var rune))
                return Sentence(text[i], "half of a surrogate pair");
            if (KindOf(rune.Value) is { } kind && !(anySpace && kind == OtherSpace))
                return Sentence(rune.Value, kind);
            i += rune.Utf16SequenceLength - 1;
        }
        return null;
    }

    private static string Sentence(int code, string kind) =>
        string.Create(CultureInfo.InvariantCulture, $"contains U+{code:X4} ({kind}), which is not allowed.");

    /// <summary>Why the code point is refused; null if it is allowed.</summary>
    private static string? KindOf(int code)
    {
        var (low, high) = (0, Refused.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (code < Refused[middle].First)
                high = middle - 1;
            else if (code > Refused[middle].Last)
                low = middle + 1;
            else
                return Refused[middle].Kind;
        }
        return null;
    }
}
