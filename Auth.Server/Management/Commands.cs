using System.CommandLine;
using System.ComponentModel.Design;

namespace Auth.Server.Management;

/// <summary>
/// The operator's verbs, for those without a browser. Each prints lines of <c>name: value</c>, or JSON with
/// <c>--json</c>; a refusal is one sentence on standard error and exit code 1.
/// </summary>
internal sealed class Commands(
    IServiceProvider services,
    string workingDirectory,
    string user,
    IReadOnlyDictionary<string, CommandFile>? files = null)
{
    private readonly CommandContext context = new(services, workingDirectory, user, files);

    /// <summary>Reads the files that a command names, for a server that runs it elsewhere.</summary>
    public static async Task<Dictionary<string, CommandFile>> ReadFiles(
        IReadOnlyList<string> arguments, string workingDirectory, CancellationToken cancellation)
    {
        var files = new Dictionary<string, CommandFile>(StringComparer.Ordinal);
        using var services = new ServiceContainer();
        var parsed = new Commands(services, workingDirectory, "").Parse(arguments);
        foreach (var option in parsed.CommandResult.Command.Options.OfType<FileOption>())
        {
            if (parsed.Errors.Count == 0 && parsed.GetValue(option) is { } name)
                files[name] = await CommandFile.Read(name, workingDirectory, cancellation);
        }
        return files;
    }

    public async Task<int> Run(
        IReadOnlyList<string> arguments, TextWriter output, TextWriter error, CancellationToken cancellation)
    {
        var configuration = new InvocationConfiguration
        {
            Output = output,
            Error = error,
            EnableDefaultExceptionHandler = false,
        };
        try
        {
            return await Parse(arguments).InvokeAsync(configuration, cancellation);
        }
        catch (ProblemException problem)
        {
            await error.WriteLineAsync(problem.Message);
            return 1;
        }
    }

    // A word that begins with @ is that word, not a file of more words.
    private ParseResult Parse(IReadOnlyList<string> arguments) =>
        Root().Parse(arguments, new() { ResponseFileTokenReplacer = null });

    private RootCommand Root() => new("Auth.Server: the authorization server of SciLeads. Without a command, it runs.")
    {
        context.Json,
        AccountCommands.Create(context),
        AdministratorCommands.Create(context),
        CredentialCommands.Create(context),
        KeyCommands.Create(context),
        ResourceServerCommands.Create(context),
        ManagementClientCommands.Create(context),
        AuditCommands.Create(context),
        DatabaseCommands.Create(context),
    };
}
