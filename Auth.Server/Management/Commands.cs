using System.CommandLine;

namespace Auth.Server.Management;

/// <summary>
/// The commands for operators. Each prints lines of <c>name: value</c>, or JSON with <c>--json</c>. An error is one
/// sentence on standard error, and the exit code is 1.
/// </summary>
internal sealed class Commands(
    IServiceProvider services,
    string workingDirectory,
    string user,
    IReadOnlyDictionary<string, CommandFile>? files = null)
{
    private readonly CommandContext context = new(services, workingDirectory, user, files);

    /// <summary>Reads the files that a command names, to send them to the server that runs it.</summary>
    public static async Task<Dictionary<string, CommandFile>> ReadFiles(
        IReadOnlyList<string> arguments, string workingDirectory, CancellationToken cancellation)
    {
        var files = new Dictionary<string, CommandFile>(StringComparer.Ordinal);
        var parsed = new Commands(NoServices.Instance, workingDirectory, "").ParseArguments(arguments);
        foreach (var option in parsed.CommandResult.Command.Options.OfType<FileOption>())
        {
            if (parsed.Errors.Count == 0 && parsed.GetValue(option) is { } name)
                files[name] = await CommandFile.Read(name, workingDirectory, cancellation);
        }
        return files;
    }

    /// <summary>
    /// Whether the arguments of the process are a command, or ask for help or the version. The server itself accepts
    /// only <c>--Name=value</c>.
    /// </summary>
    public static bool IsCommand(IReadOnlyList<string> arguments) =>
        arguments.SkipWhile(argument => argument == "--json").FirstOrDefault() is { } first && !first.StartsWith('-')
        || arguments.Any(argument => argument is "--help" or "-h" or "-?" or "--version");

    /// <summary>Parses a command. This needs no settings, so help, version and parse errors need none.</summary>
    public static ParsedCommand Parse(IReadOnlyList<string> arguments) =>
        new(arguments, new Commands(NoServices.Instance, "", "").ParseArguments(arguments));

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
            return await ParseArguments(arguments).InvokeAsync(configuration, cancellation);
        }
        catch (ProblemException problem)
        {
            await error.WriteLineAsync(problem.Message);
            return 1;
        }
    }

    // An argument that begins with @ is taken literally, not as a response file.
    private ParseResult ParseArguments(IReadOnlyList<string> arguments) =>
        Tree().Parse(arguments, new() { ResponseFileTokenReplacer = null });

    /// <summary>Creates all commands.</summary>
    public RootCommand Tree() => new("Auth.Server: the authorization server of SciLeads. Without a command, it runs.")
    {
        context.Json,
        AccountCommands.Create(context),
        AdministratorCommands.Create(context),
        OperatorCommands.Create(context),
        CredentialCommands.Create(context),
        KeyCommands.Create(context),
        ResourceServerCommands.Create(context),
        ManagementClientCommands.Create(context),
        ProvisioningCommands.Create(context),
        AuditCommands.Create(context),
        DatabaseCommands.Create(context),
    };
}

/// <summary>A parsed command, before it is known where it runs.</summary>
internal sealed class ParsedCommand(IReadOnlyList<string> arguments, ParseResult parsed)
{
    public IReadOnlyList<string> Arguments => arguments;

    /// <summary>Whether it runs anything; otherwise it asks for help or the version, or does not parse.</summary>
    public bool NeedsServer => parsed.Errors.Count == 0 && parsed.Action is not null
        && parsed.Action == parsed.CommandResult.Command.Action;

    /// <summary>Whether it is <c>database migrate</c>.</summary>
    public bool Migrates => parsed.CommandResult.Command is { Name: DatabaseCommands.MigrateName } command
        && command.Parents.Any(parent => parent.Name == DatabaseCommands.Name);

    /// <summary>Prints help, the version or the parse errors.</summary>
    public Task<int> Print() => parsed.InvokeAsync(new() { EnableDefaultExceptionHandler = false });
}

/// <summary>Used for parsing, when there is no server yet.</summary>
internal sealed class NoServices : IServiceProvider
{
    public static NoServices Instance { get; } = new();

    public object? GetService(Type serviceType) => null;
}
