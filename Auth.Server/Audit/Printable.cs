using System.Text;

namespace Auth.Server.Audit;

/// <summary>
/// Sanitizes untrusted text so that it can be stored and logged: without control characters and invalid Unicode,
/// and with a limited length.
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
