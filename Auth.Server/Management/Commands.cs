using System.CommandLine;

namespace Auth.Server.Management;

/// <summary>
/// The operator's verbs, for those without a browser. Each prints lines of <c>name: value</c>, or JSON with
/// <c>--json</c>; a refusal is one sentence on standard error and exit code 1.
/// </summary>
internal sealed class Commands(IServiceProvider services, string workingDirectory, string user)
{
    private readonly CommandContext context = new(services, workingDirectory, user);

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
            // A word that begins with @ is that word, not a file of more words.
            var parsed = Root().Parse(arguments, new() { ResponseFileTokenReplacer = null });
            return await parsed.InvokeAsync(configuration, cancellation);
        }
        catch (ProblemException problem)
        {
            await error.WriteLineAsync(problem.Message);
            return 1;
        }
    }

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
