using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace Scim.Api.Protocol.Schemas;

/// <summary>
/// Takes the letter case out of a text, by a table of our own, so that keys made on one machine and runtime are the
/// keys made on every other. What is compared without regard to case (<c>caseExact: false</c>, RFC 7643 §2.2) is
/// folded first and then compared exactly.
/// </summary>
internal static class CaseFolding
{
    private static readonly FrozenDictionary<int, int> Table = Read(EmbeddedFile.Read("case-folding.txt"));

    public static string Fold(string text) =>
        Ascii.IsValid(text) ? text.ToLowerInvariant() : string.Concat(text.EnumerateRunes().Select(Fold));

    private static string Fold(Rune rune) =>
        (Table.TryGetValue(rune.Value, out var folded) ? new Rune(folded) : rune).ToString();

    private static FrozenDictionary<int, int> Read(string table)
    {
        var folded = new Dictionary<int, int>();
        foreach (var run in table.Split('\n').Where(line => !line.StartsWith('#')).SelectMany(line => line.Split(' ')))
        {
            if (run.Split('-', '/') is not [var first, var last, ..])
                continue;
            var step = run[(run.IndexOf('/', StringComparison.Ordinal) + 1)..];
            var difference = int.Parse(step.AsSpan(1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
            for (var c = Hex(first); c <= Hex(last); c += step[0] - '0')
                folded[c] = c + difference;
        }
        return folded.ToFrozenDictionary();
    }

    private static int Hex(string digits) => int.Parse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
