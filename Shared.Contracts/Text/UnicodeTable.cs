using System.Globalization;

namespace Shared.Contracts.Text;

/// <summary>
/// A table of this folder: hexadecimal entries, separated by spaces, under headings that end with a colon. Lines that
/// begin with <c>#</c> are comments.
/// </summary>
internal static class UnicodeTable
{
    /// <summary>The entries of a table with the headings that they are under ("" before the first).</summary>
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

    /// <summary>Reads <c>0041-005A</c>, or <c>0041</c> alone.</summary>
    public static (int First, int Last) Range(ReadOnlySpan<char> entry) =>
        entry.IndexOf('-') is > 0 and var dash
            ? (Hex(entry[..dash]), Hex(entry[(dash + 1)..]))
            : (Hex(entry), Hex(entry));

    /// <summary>Reads one code point.</summary>
    public static int Hex(ReadOnlySpan<char> digits) =>
        int.Parse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
