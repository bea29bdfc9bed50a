using System.CommandLine;
using System.Text.RegularExpressions;

namespace SciLeads.Tests;

/// <summary>
/// The commands of a server, each as one line of names: <c>accounts show --account</c>. Optional ones are in brackets,
/// and the options are in alphabetical order.
/// </summary>
internal static partial class DocumentedCommands
{
    /// <summary>The commands that <c>docs/commands.md</c> lists for a server.</summary>
    public static IEnumerable<string> Listed(string server) =>
        from block in Usage().Matches(Document.Read("docs/commands.md").Section(server))
        from line in Continuation().Replace(block.Groups[1].Value, " ").Split('\n')
        where line.Length > 0
        let words = line.Split(' ').TakeWhile(word => !word.StartsWith('-') && !word.StartsWith('['))
        let options = Option().Matches(line).Select(option => option.Groups[1].Value.Length > 0
            ? $"[{option.Groups[2].Value}]"
            : option.Groups[2].Value)
        select Line(words, options);

    /// <summary>The commands that a program has.</summary>
    public static IEnumerable<string> Of(Command command, string path = "")
    {
        foreach (var inner in command.Subcommands)
        {
            var name = $"{path} {inner.Name}".Trim();
            if (inner.Subcommands.Count == 0)
            {
                yield return Line(
                    [name, .. inner.Arguments.Select(argument => argument.Name)],
                    inner.Options.Select(option => option.Required ? option.Name : $"[{option.Name}]"));
            }
            foreach (var one in Of(inner, name))
                yield return one;
        }
    }

    private static string Line(IEnumerable<string> words, IEnumerable<string> options) =>
        string.Join(' ', words.Concat(options.OrderBy(option => option.Trim('['), StringComparer.Ordinal)));

    [GeneratedRegex(@"^```usage\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Usage();

    [GeneratedRegex(@"\n +")]
    private static partial Regex Continuation();

    [GeneratedRegex(@"(\[?)(--[a-z-]+)")]
    private static partial Regex Option();
}
