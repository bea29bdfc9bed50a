using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Auth.Server.Audit;

namespace Auth.Server.Management;

/// <summary>What all verbs share: where they work, and how they answer.</summary>
internal sealed class CommandContext(
    IServiceProvider services, string workingDirectory, string user, IReadOnlyDictionary<string, CommandFile>? files)
{
    /// <summary>Who did it, for people to read.</summary>
    public const string By = "an operator on the command line";

    private static readonly JsonSerializerOptions indented = new(JsonSerializerOptions.Web) { WriteIndented = true };

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

    /// <summary>The text of a file that the caller named; a running server gets it from the process that was called.</summary>
    /// <exception cref="ProblemException">It cannot be read (404), or is not text (400).</exception>
    public async Task<string> ReadFile(string name, CancellationToken cancellation)
    {
        var file = files is null
            ? await CommandFile.Read(name, workingDirectory, cancellation)
            : files.GetValueOrDefault(name) ?? throw ProblemException.Invalid($"{name} was not sent along.");
        return file.Text();
    }

    /// <summary>
    /// Does something with a part of the server, in a scope of its own, and prints what it answers. What left no entry in
    /// the audit trail by itself leaves it here.
    /// </summary>
    public async Task<int> Answer<T>(ParseResult parsed, AuditAction action, Func<T, Task<JsonNode>> act)
        where T : notnull
    {
        await using var scope = services.CreateAsyncScope();
        var audit = scope.ServiceProvider.GetRequiredService<AuditTrail>();
        audit.Actor = Actor.Operator(user);
        Guid? accountId = parsed.GetResult(Account) is null ? null : parsed.GetValue(Account);
        JsonNode answer;
        try
        {
            answer = await act(scope.ServiceProvider.GetRequiredService<T>());
            if (!audit.HasWritten)
                await audit.Done(action, accountId);
        }
        catch (ProblemException refusal) when (!audit.HasWritten)
        {
            await audit.Refused(action, accountId, refusal.Message);
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
