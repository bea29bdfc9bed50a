using System.Text;

namespace Auth.Server.Audit;

/// <summary>
/// Text that strangers wrote, as every database and every log can hold it: without control characters and broken
/// Unicode, and not too long.
/// </summary>
internal static class Printable
{
    public static string Of(string text, int longest)
    {
        var printable = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            if (printable.Length + rune.Utf16SequenceLength > longest)
                break;
            if (!Rune.IsControl(rune))
                printable.Append(rune.ToString());
        }
        return printable.ToString();
    }
}
