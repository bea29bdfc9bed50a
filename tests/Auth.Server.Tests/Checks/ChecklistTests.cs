using System.Text.RegularExpressions;

namespace Auth.Server.Tests.Checks;

/// <summary>
/// The checks listed in <c>checks.md</c>. The tests of each check have its number as a
/// category, such as <c>Check 17</c>.
/// </summary>
internal sealed partial class ChecklistTests
{
    [Test]
    public void Each_check_has_a_test_and_each_test_is_listed()
    {
        var tests = Path.Combine(ArchitectureTests.Repository(), "tests");
        var listed = Row().Matches(File.ReadAllText(Path.Combine(tests, "Auth.Server.Tests", "Checks", "checks.md")))
            .Select(row => row.Groups[1].Value).ToList();
        var made = Directory.EnumerateFiles(tests, "*.cs", SearchOption.AllDirectories)
            .SelectMany(file => Category().Matches(File.ReadAllText(file)))
            .Select(category => category.Groups[1].Value);

        Assert.That(listed, Is.Not.Empty.And.Unique.And.Ordered);
        Assert.That(made.Distinct(), Is.EquivalentTo(listed));
    }

    [GeneratedRegex(@"^\| (\d\d) \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex("""\[Category\("Check (\d\d)"\)\]""")]
    private static partial Regex Category();
}
