using CsCheck;

namespace Scim.Api.Tests.Text;

internal sealed class CaseFoldingTests
{
    [TestCase("Ann@Example.COM", "ann@example.com")]
    [TestCase("ÄÖÜ", "äöü")]
    [TestCase("ΣΊΣΥΦΟΣ", "σίσυφοσ")]
    [TestCase("σίσυφος", "σίσυφοσ", Description = "a final sigma is a sigma")]
    [TestCase("ЖЁ", "жё")]
    [TestCase("ß", "ß", Description = "simple folding: ẞ becomes ß, not ss")]
    [TestCase("ẞ", "ß")]
    [TestCase("\u212A", "k", Description = "the Kelvin sign")]
    [TestCase("\u0130", "i\u0307", Description = "as its decomposition; Turkish has no folding that all languages share")]
    [TestCase("I\u0307", "i\u0307")]
    [TestCase("𐐀", "𐐨", Description = "beyond the BMP")]
    [TestCase("日本", "日本")]
    [TestCase("jose\u0301@example.com", "josé@example.com", Description = "NFD")]
    [TestCase("JOSE\u0301@example.com", "josé@example.com")]
    [TestCase("a\u0307\u0323", "ạ\u0307", Description = "marks are put in order")]
    [TestCase("\u1E9B\u0323", "ṩ", Description = "folding makes a letter that composes")]
    [TestCase("\u1112\u1161\u11AB\u1100\u1173\u11AF", "한글", Description = "conjoining hangul")]
    [TestCase("\uD558\u11AB", "한", Description = "a syllable and its last letter")]
    [TestCase("ＡＮＮ＠ｅｘａｍｐｌｅ．ｃｏｍ", "ann@example.com", Description = "full width")]
    [TestCase("Ｊｏｓｅ\u0301", "josé")]
    [TestCase("ﾀﾅｶ", "タナカ", Description = "half-width kana")]
    [TestCase("ｶﾞｷﾞﾊﾟ", "ガギパ", Description = "with half-width voicing marks")]
    [TestCase("ﾡﾢ", "ㄱㄲ", Description = "half-width hangul")]
    [TestCase("a\u3000b", "a b", Description = "the ideographic space is the wide form of a space")]
    [TestCase("\u2126\u212B", "ωå", Description = "singletons")]
    [TestCase("\uF900", "豈")]
    [TestCase("\u1FBC\u0301", "άι")]
    [TestCase("ﬁ①ª", "ﬁ①ª", Description = "other compatibility forms are letters of their own")]
    public void Folds(string text, string folded) => Assert.That(CaseFolding.Fold(text), Is.EqualTo(folded));

    [Test]
    public void Folding_twice_changes_nothing_and_the_normalization_form_does_not_matter()
    {
        for (var c = 0; c <= 0x10FFFF; c += c == 0xD7FF ? 0x801 : 1)
            AssertStable(char.ConvertFromUtf32(c));
        foreach (var line in NormalizationTests.Lines())
            AssertStable(NormalizationTests.Text(line.Split(';')[0]));
    }

    [Test]
    public void The_same_holds_for_any_sequence()
    {
        var marks = Gen.OneOf(
            Gen.Int[0x20, 0x250], Gen.Int[0x300, 0x36F], Gen.Int[0x370, 0x400], Gen.Int[0x1100, 0x11FF],
            Gen.Int[0x1E00, 0x1FFF], Gen.Int[0x3040, 0x30FF], Gen.Int[0xAC00, 0xAC30], Gen.Int[0xFF00, 0xFFEF]);
        marks.Array[1, 12].Select(codes => string.Concat(codes.Select(char.ConvertFromUtf32)))
            .Sample(AssertStable, iter: 20_000);
    }

    private static void AssertStable(string text)
    {
        var folded = CaseFolding.Fold(text);
        if (CaseFolding.Fold(folded) != folded
            || CaseFolding.Fold(Normalization.ToNfd(text)) != folded
            || CaseFolding.Fold(Normalization.ToNfc(text)) != folded
            || Normalization.ToNfc(folded) != folded)
            Assert.Fail(string.Join(' ', text.EnumerateRunes().Select(rune => $"{rune.Value:X4}")));
    }
}
