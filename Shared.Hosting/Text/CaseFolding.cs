using System.Text;

namespace Shared.Hosting.Text;

/// <summary>
/// The form in which strings are compared without regard to letter case (<c>caseExact: false</c>, RFC 7643 §2.2):
/// prepared as RFC 7644 §5 requires (RFC 8265 §3.3, UsernameCaseMapped, which obsoletes RFC 7613), and then compared
/// exactly. Full- and half-width forms become the usual ones, letters lose their case, and canonically equivalent
/// strings become the same string (NFC). Folding is idempotent.
/// <para>
/// The tables are our own, so that keys are the same on every machine and runtime; with
/// <c>InvariantGlobalization</c>, <c>string.Normalize</c> returns its input unchanged. Case folding is simple, so
/// <c>ẞ</c> becomes <c>ß</c>, and not <c>ss</c>.
/// </para>
/// </summary>
public static class CaseFolding
{
    private static readonly Dictionary<int, int> Table =
        UnicodeTable.ReadSteps("case-folding.txt").ToDictionary(step => step.From, step => step.To);

    /// <summary>Folds a string.</summary>
    public static string Fold(string text)
    {
        if (Ascii.IsValid(text))
            return text.ToLowerInvariant();
        // Decomposed first: İ is I with a dot, and both spellings become i with a dot.
        var folded = Normalization.Decompose(text, mapWidth: true);
        for (var i = 0; i < folded.Count; i++)
            folded[i] = Table.GetValueOrDefault(folded[i], folded[i]);
        // Composed last: folding turns the mark U+0345 into a letter, which marks may follow.
        return Normalization.Compose(folded);
    }
}
