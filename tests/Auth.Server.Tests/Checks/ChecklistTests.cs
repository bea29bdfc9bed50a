using System.Text.RegularExpressions;

namespace Auth.Server.Tests.Checks;

/// <summary>
/// The checks that <c>checks.md</c> lists. Each is a category of the tests that make it, <c>Check 17</c>, wherever they
/// are.
/// </summary>
internal sealed partial class ChecklistTests
{
    [Test]
    public void Each_check_on_the_list_has_a_test_and_the_other_way_round()
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
