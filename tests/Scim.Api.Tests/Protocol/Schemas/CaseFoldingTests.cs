using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Tests.Protocol.Schemas;

internal sealed class CaseFoldingTests
{
    [TestCase("Ann@Example.COM", "ann@example.com")]
    [TestCase("ÄÖÜ", "äöü")]
    [TestCase("ΣΊΣΥΦΟΣ", "σίσυφοσ")]
    [TestCase("σίσυφος", "σίσυφοσ", Description = "a final sigma is a sigma")]
    [TestCase("ЖЁ", "жё")]
    [TestCase("ß", "ß", Description = "simple folding: ẞ becomes ß, not ss")]
    [TestCase("ẞ", "ß")]
    [TestCase("K", "k", Description = "the Kelvin sign")]
    [TestCase("İ", "İ", Description = "Turkish letters have no folding that all languages share")]
    [TestCase("𐐀", "𐐨", Description = "beyond the BMP")]
    [TestCase("日本", "日本")]
    public void Folds(string text, string folded) => Assert.That(CaseFolding.Fold(text), Is.EqualTo(folded));

    [Test]
    public void Folding_twice_changes_nothing()
    {
        for (var c = 0; c <= 0x10FFFF; c += c == 0xD7FF ? 0x801 : 1)
        {
            var once = CaseFolding.Fold(char.ConvertFromUtf32(c));
            Assert.That(CaseFolding.Fold(once), Is.EqualTo(once));
        }
    }
}
