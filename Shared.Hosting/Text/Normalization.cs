using System.Text;

namespace Shared.Hosting.Text;

/// <summary>
/// Canonical normalization (UAX #15) and the width mapping of RFC 8264 §5.2.1, by tables of our own. Halves of
/// surrogate pairs become U+FFFD.
/// </summary>
public static class Normalization
{
    // Hangul syllables are composed by arithmetic (The Unicode Standard, section 3.12).
    private const int SyllableBase = 0xAC00, LeadBase = 0x1100, VowelBase = 0x1161, TailBase = 0x11A7;
    private const int Leads = 19, Vowels = 21, Tails = 28, Syllables = Leads * Vowels * Tails;

    private static readonly Dictionary<int, int> Widths = [];
    private static readonly Dictionary<int, int> Classes = [];
    private static readonly Dictionary<int, int[]> Decompositions = [];
    private static readonly Dictionary<(int First, int Second), int> Compositions = [];

#pragma warning disable CA1810 // Reading the file once fills four tables.
    static Normalization()
#pragma warning restore CA1810
    {
        foreach (var (from, to) in UnicodeTable.ReadSteps("normalization.txt", "width"))
            Widths.Add(from, to);
        foreach (var (heading, entry) in UnicodeTable.Read("normalization.txt"))
        {
            if (heading.StartsWith("class ", StringComparison.Ordinal))
            {
                var (first, last) = UnicodeTable.Range(entry);
                for (var code = first; code <= last; code++)
                    Classes.Add(code, byte.Parse(heading.AsSpan(6), System.Globalization.CultureInfo.InvariantCulture));
            }
            else if (entry.Split('=') is [var composed, var parts])
            {
                var decomposed = Array.ConvertAll(parts.Split('+'), part => UnicodeTable.Hex(part));
                Decompositions.Add(UnicodeTable.Hex(composed), decomposed);
                if (heading == "composes")
                    Compositions.Add((decomposed[0], decomposed[1]), UnicodeTable.Hex(composed));
            }
        }
    }

    /// <summary>The text in normalization form C.</summary>
    public static string ToNfc(string text) =>
        Ascii.IsValid(text) ? text : Compose(Decompose(text, mapWidth: false));

    /// <summary>The text in normalization form D.</summary>
    public static string ToNfd(string text) => Text(Decompose(text, mapWidth: false));

    /// <summary>
    /// The code points of a text, fully decomposed and in canonical order. <paramref name="mapWidth"/> first replaces
    /// full- and half-width forms.
    /// </summary>
    internal static List<int> Decompose(string text, bool mapWidth)
    {
        var codes = new List<int>(text.Length + 4);
        foreach (var rune in text.EnumerateRunes())
            Decompose(mapWidth ? Widths.GetValueOrDefault(rune.Value, rune.Value) : rune.Value, codes);
        Sort(codes);
        return codes;
    }

    /// <summary>Composes decomposed code points.</summary>
    internal static string Compose(List<int> codes)
    {
        if (codes.Count == 0)
            return "";
        var (starter, length) = (0, 1);
        var canCompose = ClassOf(codes[0]) == 0;
        var last = 0;
        for (var i = 1; i < codes.Count; i++)
        {
            var (code, combining) = (codes[i], ClassOf(codes[i]));
            // Blocked by something between the starter and this one: another starter, or a mark of the same or a higher
            // class.
            var isBlocked = starter < length - 1 && last >= combining;
            if (canCompose && !isBlocked && Pair(codes[starter], code) is { } composed)
            {
                codes[starter] = composed;
                continue;
            }
            if (combining == 0)
                (starter, canCompose) = (length, true);
            last = combining;
            codes[length++] = code;
        }
        codes.RemoveRange(length, codes.Count - length);
        return Text(codes);
    }

    private static void Decompose(int code, List<int> codes)
    {
        if (code is >= SyllableBase and < SyllableBase + Syllables)
        {
            var syllable = code - SyllableBase;
            codes.Add(LeadBase + (syllable / (Vowels * Tails)));
            codes.Add(VowelBase + (syllable % (Vowels * Tails) / Tails));
            if (syllable % Tails != 0)
                codes.Add(TailBase + (syllable % Tails));
        }
        else if (Decompositions.TryGetValue(code, out var parts))
        {
            foreach (var part in parts)
                Decompose(part, codes);
        }
        else
        {
            codes.Add(code);
        }
    }

    /// <summary>Sorts each run of marks by class. The sort is stable.</summary>
    private static void Sort(List<int> codes)
    {
        for (var i = 1; i < codes.Count; i++)
        {
            var (code, combining) = (codes[i], ClassOf(codes[i]));
            if (combining == 0)
                continue;
            var to = i;
            for (; to > 0 && ClassOf(codes[to - 1]) > combining; to--)
                codes[to] = codes[to - 1];
            codes[to] = code;
        }
    }

    private static int? Pair(int first, int second)
    {
        if (first - LeadBase is >= 0 and < Leads and var lead && second - VowelBase is >= 0 and < Vowels and var vowel)
            return SyllableBase + (((lead * Vowels) + vowel) * Tails);
        if (first - SyllableBase is >= 0 and < Syllables and var syllable && syllable % Tails == 0
            && second - TailBase is > 0 and < Tails and var tail)
            return first + tail;
        return Compositions.TryGetValue((first, second), out var composed) ? composed : null;
    }

    private static int ClassOf(int code) => Classes.GetValueOrDefault(code);

    private static string Text(List<int> codes)
    {
        var text = new StringBuilder(codes.Count);
        foreach (var code in codes)
            text.Append(new Rune(code));
        return text.ToString();
    }
}
