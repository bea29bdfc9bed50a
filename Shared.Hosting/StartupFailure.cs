using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;
using Shared.Hosting.Data;

namespace Shared.Hosting;

/// <summary>
/// Reports the exception with which a server or a command ends, and distinguishes what the operator has to fix from
/// bugs.
/// </summary>
public static class StartupFailure
{
    /// <summary>
    /// What the operator has to fix, in sentences; null for a bug, which needs its stack trace.
    /// </summary>
    public static IReadOnlyList<string>? Sentences(Exception failure) => failure switch
    {
        OperatorException operators => operators.Sentences,
        OptionsValidationException invalid => [.. invalid.Failures],
        AggregateException several when several.InnerExceptions.All(inner => Sentences(inner) is not null) =>
            [.. several.InnerExceptions.SelectMany(inner => Sentences(inner)!)],
        // The outer exception names the port that is in use.
        IOException { InnerException: AddressInUseException } => [failure.Message],
        // A malformed configuration file. The inner exception says what is wrong with it.
        InvalidDataException { InnerException: FormatException cause } => [$"{failure.Message} {cause.Message}"],
        _ when DatabaseOutage.IsCauseOf(failure) =>
            [$"The database cannot be used: {failure.GetBaseException().Message}"],
        IOException or UnauthorizedAccessException => [failure.Message],
        _ => null,
    };

    /// <summary>
    /// Reports a failure on standard error: sentences for the operator or, for a bug, the exception with its stack
    /// trace.
    /// </summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> Report(string program, Exception failure)
    {
        if (Sentences(failure) is not { } sentences)
        {
            await Console.Error.WriteLineAsync(
                $"{program} has failed. This is a bug; please report it: {failure}");
            return 1;
        }
        foreach (var sentence in sentences)
            await Console.Error.WriteLineAsync($"{program}: {sentence}");
        return 1;
    }
}
