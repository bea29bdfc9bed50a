using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Auth.Server.Audit;

namespace Auth.Server.Management;

/// <summary>What all verbs share: where they work, and how they answer.</summary>
internal sealed class CommandContext(
    IServiceProvider services, string workingDirectory, string user, IReadOnlyDictionary<string, CommandFile>? files)
{
    private static readonly JsonSerializerOptions indented = new(JsonSerializerOptions.Web) { WriteIndented = true };

    /// <summary>Who runs the command.</summary>
    public Actor Actor { get; } = Actor.Operator(user);

    // Not static: an option keeps every command it was ever part of, and each call makes its commands anew.
    public Option<bool> Json { get; } = new("--json") { Description = "Print JSON.", Recursive = true };

    public Option<Guid> Account { get; } = new("--account")
    {
        Description = "The account's id.",
        Required = true,
    };

    /// <summary>What <see cref="Account"/> says in a call.</summary>
    public static Guid AccountOf(ParseResult parsed) => parsed.GetRequiredValue<Guid>("--account");

    public AuthOptions Options => services.GetRequiredService<AuthOptions>();

    /// <summary>
    /// The text of a file that the caller named; a running server gets it from the process that was called.
    /// </summary>
    /// <exception cref="ProblemException">It cannot be read (404), or is not text (400).</exception>
    public async Task<string> ReadFile(string name, CancellationToken cancellation)
    {
        var file = files is null
            ? await CommandFile.Read(name, workingDirectory, cancellation)
            : files.GetValueOrDefault(name) ?? throw ProblemException.Invalid($"{name} was not sent along.");
        return file.Text();
    }

    /// <summary>
    /// Looks something up with a part of the server, prints it, and leaves an entry in the audit trail.
    /// </summary>
    public Task<int> Query<T>(ParseResult parsed, AuditAction action, Func<T, Task<JsonNode>> act)
        where T : notnull => Run(parsed, action, isOperation: false, act);

    /// <summary>
    /// Runs an operation with a part of the server, which leaves its own entry, and prints the result.
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
        JsonNode answer;
        try
        {
            answer = await act(scope.ServiceProvider.GetRequiredService<T>());
            if (!isOperation)
                await audit.Done(Actor, action, accountId);
        }
        // Of an operation: one that was refused before it began.
        catch (ProblemException refusal) when (!refusal.IsAudited)
        {
            await audit.Refused(Actor, action, accountId, refusal.Message);
            throw;
        }

        var output = parsed.InvocationConfiguration.Output;
        if (parsed.GetValue(Json))
            await output.WriteLineAsync(answer.ToJsonString(indented));
        else
            await output.WriteAsync(AsText(answer));
        return 0;
    }

    private static string AsText(JsonNode answer) => answer switch
    {
        JsonArray all => string.Join('\n', all.Select(one => AsText(one!))),
        JsonObject one => string.Concat(
            one.Where(value => value.Value is not null).Select(value => $"{value.Key}: {AsValue(value.Value!)}\n")),
        _ => answer.ToString(),
    };

    private static string AsValue(JsonNode value) => value switch
    {
        JsonArray all => string.Join(", ", all.Select(one => AsValue(one!))),
        _ when value.GetValueKind() == JsonValueKind.String => value.Deserialize<string>()!,
        _ => value.ToJsonString(),
    };
}
