using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Auth.Server.Audit;

namespace Auth.Server.Management;

/// <summary>What all commands share: services, working directory and output.</summary>
internal sealed class CommandContext(
    IServiceProvider services, string workingDirectory, string user, IReadOnlyDictionary<string, CommandFile>? files)
{
    private static readonly JsonSerializerOptions indented = new(JsonSerializerOptions.Web) { WriteIndented = true };

    /// <summary>The operator who runs the command.</summary>
    public Actor Actor { get; } = Actor.Operator(user);

    // Not static: an option keeps a reference to each of its commands, and every call creates new ones.
    public Option<bool> Json { get; } = new("--json") { Description = "Print JSON.", Recursive = true };

    public Option<Guid> Account { get; } = new("--account")
    {
        Description = "The account's id.",
        Required = true,
    };

    /// <summary>The value of <see cref="Account"/>.</summary>
    public static Guid AccountOf(ParseResult parsed) => parsed.GetRequiredValue<Guid>("--account");

    public AuthOptions Options => services.GetRequiredService<AuthOptions>();

    /// <summary>
    /// The text of a file that the caller named. A running server receives it from the process that the
    /// operator started.
    /// </summary>
    /// <exception cref="ProblemException">It cannot be read (404), or is not text (400).</exception>
    public async Task<string> ReadFile(string name, CancellationToken cancellation)
    {
        var file = files is null
            ? await CommandFile.Read(name, workingDirectory, cancellation)
            : files.GetValueOrDefault(name) ?? throw ProblemException.Invalid($"The content of {name} was not sent.");
        return file.Text();
    }

    /// <summary>Runs a query with a service, prints the result, and records it in the audit log.</summary>
    public Task<int> Query<T>(ParseResult parsed, AuditAction action, Func<T, Task<JsonNode>> act)
        where T : notnull => Run(parsed, action, isOperation: false, act);

    /// <summary>
    /// Runs an operation with a service, which records itself in the audit log, and prints the result.
    /// </summary>
    public Task<int> Execute<T>(ParseResult parsed, AuditAction action, Func<T, Task<JsonNode>> act)
        where T : notnull => Run(parsed, action, isOperation: true, act);

    private async Task<int> Run<T>(
        ParseResult parsed, AuditAction action, bool isOperation, Func<T, Task<JsonNode>> act)
        where T : notnull
    {
        await using var scope = services.CreateAsyncScope();
        var audit = scope.ServiceProvider.GetRequiredService<AuditTrail>();
        Guid? accountId = parsed.GetResult(Account) is null ? null : parsed.GetValue(Account);
        JsonNode result;
        try
        {
            result = await act(scope.ServiceProvider.GetRequiredService<T>());
            if (!isOperation)
                await audit.Done(Actor, action, accountId);
        }
        // A refused query, or an operation that was refused before it began.
        catch (ProblemException refusal) when (!refusal.IsAudited)
        {
            await audit.Refused(Actor, action, accountId, refusal.Message);
            throw;
        }

        var output = parsed.InvocationConfiguration.Output;
        if (parsed.GetValue(Json))
            await output.WriteLineAsync(result.ToJsonString(indented));
        else
            await output.WriteAsync(AsText(result));
        return 0;
    }

    private static string AsText(JsonNode result) => result switch
    {
        JsonArray all => string.Join('\n', all.Select(one => AsText(one!))),
        JsonObject one => string.Concat(
            one.Where(value => value.Value is not null).Select(value => $"{value.Key}: {AsValue(value.Value!)}\n")),
        _ => result.ToString(),
    };

    private static string AsValue(JsonNode value) => value switch
    {
        JsonArray all => string.Join(", ", all.Select(one => AsValue(one!))),
        _ when value.GetValueKind() == JsonValueKind.String => value.Deserialize<string>()!,
        _ => value.ToJsonString(),
    };
}
