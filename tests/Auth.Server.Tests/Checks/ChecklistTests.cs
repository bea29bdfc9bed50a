using System.Globalization;
using System.Text.RegularExpressions;

namespace Auth.Server.Tests.Checks;

/// <summary>
/// The 58 checks of an authorization server (OAuth 2.0 security best practice, RFC 9700, and what OpenIddict leaves open).
/// Each is a category of the tests that make it, <c>Check 17</c>, wherever they stand.
/// </summary>
internal sealed partial class ChecklistTests
{
    [Test]
    public void Each_of_the_58_checks_has_a_test()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "SciLeads.Auth.sln")))
            folder = folder.Parent;
        var made = Directory.EnumerateFiles(Path.Combine(folder.FullName, "tests"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(file => Category().Matches(File.ReadAllText(file)))
            .Select(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture));

        Assert.That(Enumerable.Range(1, 58).Except(made), Is.Empty);
    }

    [GeneratedRegex("""\[Category\("Check (\d\d)"\)\]""")]
    private static partial Regex Category();
}
