using System.Globalization;

namespace Shared.Hosting.Text;

/// <summary>
/// A table of this folder: hexadecimal entries, separated by spaces, under headings that end with a colon. Lines that
/// begin with <c>#</c> are comments.
/// </summary>
internal static class UnicodeTable
{
    /// <summary>The entries of a table, each with its heading ("" before the first).</summary>
    public static IEnumerable<(string Heading, string Entry)> Read(string name)
    {
        using var stream = typeof(UnicodeTable).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The table {name} is not embedded.");
        using var reader = new StreamReader(stream);
        var heading = "";
        while (reader.ReadLine() is { } line)
        {
            if (line.EndsWith(':'))
                heading = line[..^1];
            else if (!line.StartsWith('#'))
                foreach (var entry in line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                    yield return (heading, entry);
        }
    }

    /// <summary>
    /// Reads runs of mapped code points: <c>FF01-FF5E/1-65248</c> is first-last/step, and the number that is added to
    /// each.
    /// </summary>
    public static IEnumerable<(int From, int To)> ReadSteps(string name, string heading = "")
    {
        foreach (var entry in Read(name).Where(line => line.Heading == heading).Select(line => line.Entry))
        {
            var slash = entry.IndexOf('/', StringComparison.Ordinal);
            var (first, last) = Range(entry.AsSpan(0, slash));
            var step = entry[slash + 1] - '0';
            var difference = int.Parse(
                entry.AsSpan(slash + 2), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
            for (var code = first; code <= last; code += step)
                yield return (code, code + difference);
        }
    }

    /// <summary>Reads <c>0041-005A</c>, or <c>0041</c> alone.</summary>
    public static (int First, int Last) Range(ReadOnlySpan<char> entry) =>
        entry.IndexOf('-') is > 0 and var dash
            ? (Hex(entry[..dash]), Hex(entry[(dash + 1)..]))
            : (Hex(entry), Hex(entry));

    /// <summary>Reads one code point.</summary>
    public static int Hex(ReadOnlySpan<char> digits) =>
        int.Parse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
