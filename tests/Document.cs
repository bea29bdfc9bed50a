using System.Text.RegularExpressions;

namespace SciLeads.Tests;

/// <summary>A Markdown document of the repository, for tests that compare it with the servers.</summary>
internal sealed partial record Document(string Path, string Text)
{
    /// <summary>The folder with the solution.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>The documentation: the documents in the root folder and those in <c>docs</c>.</summary>
    public static IEnumerable<string> All =>
        Directory.EnumerateFiles(Repository, "*.md")
            .Concat(Directory.EnumerateFiles(
                System.IO.Path.Combine(Repository, "docs"), "*.md", SearchOption.AllDirectories))
            .Select(file => System.IO.Path.GetRelativePath(Repository, file));

    /// <summary>Reads a document, by its path in the repository.</summary>
    public static Document Read(string path) => new(path, File.ReadAllText(System.IO.Path.Combine(Repository, path)));

    /// <summary>The text below a heading of the second level.</summary>
    public string Section(string heading) =>
        Regex.Match(
            Text,
            $@"^## {Regex.Escape(heading)}\n(.*?)(?=^## |\z)",
            RegexOptions.Multiline | RegexOptions.Singleline) is { Success: true } section
            ? section.Groups[1].Value
            : throw new InvalidOperationException($"{Path} has no heading \"{heading}\".");

    /// <summary>The text without code.</summary>
    public string Prose => CodeSpan().Replace(CodeBlock().Replace(Text, ""), "");

    /// <summary>The code spans in sentences and tables.</summary>
    public IEnumerable<string> CodeSpans =>
        CodeSpan().Matches(CodeBlock().Replace(Text, "")).Select(span => span.Value.Trim('`'));

    /// <summary>The anchors of the headings, as GitHub generates them.</summary>
    public IReadOnlySet<string> Anchors => Heading().Matches(CodeBlock().Replace(Text, ""))
        .Select(heading => string.Concat(heading.Groups[1].Value.ToLowerInvariant()
            .Where(character => char.IsLetterOrDigit(character) || character is ' ' or '-' or '_'))
            .Replace(' ', '-'))
        .ToHashSet();

    /// <summary>The targets of the links, except those outside the repository.</summary>
    public IEnumerable<string> Links => Link().Matches(Prose).Select(link => link.Groups[1].Value)
        .Where(target => !target.Contains(':', StringComparison.Ordinal));

    /// <summary>The rows of the tables in a text, without their headers.</summary>
    public static IEnumerable<string[]> Rows(string text)
    {
        var lines = text.Split('\n');
        return lines
            .Where((line, number) =>
                line.StartsWith('|') && !IsRuler(line) && !IsRuler(lines.ElementAtOrDefault(number + 1)))
            .Select(line => line.Trim('|').Split('|').Select(cell => cell.Trim()).ToArray());

        static bool IsRuler(string? line) => line?.StartsWith("|---", StringComparison.Ordinal) == true;
    }

    private static string FindRepository()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(System.IO.Path.Combine(folder.FullName, "SciLeads.Auth.sln")))
            folder = folder.Parent!;
        return folder.FullName;
    }

    [GeneratedRegex(@"^\s*```.*?^\s*```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex("`[^`\n]+`")]
    private static partial Regex CodeSpan();

    [GeneratedRegex("^#+ (.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();
}
