using System.Text;

namespace Scim.Api.Tests.Text;

/// <summary>UAX #15, with a sample of Unicode's own NormalizationTest.txt.</summary>
internal sealed class NormalizationTests
{
    [Test]
    public void Both_forms_are_what_Unicode_says()
    {
        using (Assert.EnterMultipleScope())
        {
            foreach (var line in Lines())
            {
                var texts = Array.ConvertAll(line.Split(';'), Text);
                foreach (var text in texts)
                {
                    Assert.That(Normalization.ToNfc(text), Is.EqualTo(texts[1]), line);
                    Assert.That(Normalization.ToNfd(text), Is.EqualTo(texts[2]), line);
                }
            }
        }
    }

    [Test]
    public void Every_code_point_is_the_same_after_both_forms()
    {
        for (var code = 0; code <= 0x10FFFF; code += code == 0xD7FF ? 0x801 : 1)
        {
            var nfc = Normalization.ToNfc(char.ConvertFromUtf32(code));
            if (Normalization.ToNfc(Normalization.ToNfd(nfc)) != nfc || Normalization.ToNfc(nfc) != nfc)
                Assert.Fail($"U+{code:X4}");
        }
    }

    /// <summary>If this fails, the runtime normalizes by itself, and its tables may differ from ours.</summary>
    [Test]
    public void The_runtime_itself_does_not_normalize() =>
        Assert.That("e\u0301".Normalize(NormalizationForm.FormC), Is.EqualTo("e\u0301"));

    public static IEnumerable<string> Lines()
    {
        using var stream = typeof(NormalizationTests).Assembly.GetManifestResourceStream("normalization-test.txt")!;
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            if (!line.StartsWith('#'))
                yield return line;
        }
    }

    public static string Text(string codes) =>
        string.Concat(codes.Split(' ').Select(code => char.ConvertFromUtf32(Convert.ToInt32(code, 16))));
}
