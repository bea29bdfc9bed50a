using System.Net;
using System.Text.RegularExpressions;
using Auth.Server.Management;
using SciLeads.Tests;

namespace Auth.Server.Tests;

/// <summary>README and <c>docs</c> match the product.</summary>
public sealed partial class DocumentationTests
{
    private static readonly string[] setupGuides =
        ["docs/okta.md", "docs/entra.md", "docs/other-providers.md", "docs/credentials.md"];

    [TestCaseSource(typeof(Document), nameof(Document.All))]
    public void Links_are_not_broken(string path)
    {
        var document = Document.Read(path);
        var folder = Path.GetDirectoryName(path)!;
        Assert.That(document.Links.Where(link => !Exists(document, folder, link)), Is.Empty);
    }

    [TestCaseSource(typeof(Document), nameof(Document.All))]
    public void Mentioned_files_exist(string path)
    {
        var named = Document.Read(path).CodeSpans.Where(span => RepositoryPath().IsMatch(span));
        Assert.That(named.Where(file => !Path.Exists(Path.Combine(Document.Repository, file))), Is.Empty);
    }

    [Test]
    public void The_readme_is_short() =>
        Assert.That(Document.Read("README.md").Text.Split('\n'), Has.Length.LessThanOrEqualTo(150));

    [Test]
    public void Settings_are_listed_with_their_defaults_and_limits() =>
        Assert.That(
            DocumentedSettings.Differences(
                "Auth.Server", [("Auth", typeof(AuthOptions)), ("Smtp", typeof(SmtpOptions))],
                "ConnectionStrings__Auth", "Urls"),
            Is.Empty);

    [Test]
    public void Commands_are_listed_with_their_options() =>
        Assert.That(
            DocumentedCommands.Listed("Auth.Server"),
            Is.EquivalentTo(DocumentedCommands.Of(new Commands(NoServices.Instance, "", "").Tree())));

    [TestCaseSource(nameof(setupGuides))]
    public void Bold_labels_exist_in_the_portal(string path)
    {
        var labels = LabelsOfThePortal();
        var named = Bold().Matches(Document.Read(path).Prose)
            .Select(label => Spaces().Replace(label.Groups[1].Value, " "));
        Assert.That(named.Distinct().Where(label => !labels.Contains(label)), Is.Empty);
    }

    private static bool Exists(Document document, string folder, string link)
    {
        var (file, anchor) = link.Split('#') is [var before, var after] ? (before, after) : (link, null);
        var path = file == "" ? document.Path : Path.Combine(folder, file);
        return Path.Exists(Path.Combine(Document.Repository, path))
            && (anchor is null || Document.Read(path).Anchors.Contains(anchor));
    }

    /// <summary>The texts of the pages: between tags, and between quotation marks.</summary>
    private static HashSet<string> LabelsOfThePortal()
    {
        var pages = Path.Combine(Document.Repository, "Auth.Server", "Pages");
        return Directory.EnumerateFiles(pages, "*.cs*", SearchOption.AllDirectories).Select(File.ReadAllText)
            .SelectMany(page => Tag().Split(page).Concat(Quoted().Matches(page).Select(text => text.Value)))
            .Select(text => Spaces().Replace(WebUtility.HtmlDecode(text.Split('@')[0]), " ").Trim(' ', ':'))
            .ToHashSet();
    }

    [GeneratedRegex(@"^(Auth\.Server|Scim\.Api|Shared\.\w+|tests|deploy|docs)/[\w./-]*$")]
    private static partial Regex RepositoryPath();

    [GeneratedRegex(@"\*\*(.+?)\*\*", RegexOptions.Singleline)]
    private static partial Regex Bold();

    [GeneratedRegex("<[^>]*>")]
    private static partial Regex Tag();

    // Of what is between two quotation marks, every part: attributes have literals inside.
    [GeneratedRegex("(?<=\")[^\"\\n]*(?=\")")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
