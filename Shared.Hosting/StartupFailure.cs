using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;
using Shared.Hosting.Data;

namespace Shared.Hosting;

/// <summary>
/// Tells what the operator has to put right from faults of the program, when a server or a command ends with an
/// exception.
/// </summary>
public static class StartupFailure
{
    /// <summary>
    /// What the operator has to put right, in sentences; null if it is a fault of the program, whose stack matters.
    /// </summary>
    public static IReadOnlyList<string>? Sentences(Exception failure) => failure switch
    {
        OperatorException operators => operators.Sentences,
        OptionsValidationException invalid => [.. invalid.Failures],
        AggregateException several when several.InnerExceptions.All(inner => Sentences(inner) is not null) =>
            [.. several.InnerExceptions.SelectMany(inner => Sentences(inner)!)],
        // A port that is in use comes wrapped in one that says which.
        IOException { InnerException: AddressInUseException } => [failure.Message],
        // A configuration file that cannot be read, which the inner message explains.
        InvalidDataException { InnerException: FormatException cause } => [$"{failure.Message} {cause.Message}"],
        _ when DatabaseOutage.IsCauseOf(failure) =>
            [$"The database cannot be used: {failure.GetBaseException().Message}"],
        IOException or UnauthorizedAccessException => [failure.Message],
        _ => null,
    };

    /// <summary>
    /// Reports a failure on standard error: sentences for the operator or, for a fault of the program, the whole stack.
    /// </summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> Report(string program, Exception failure)
    {
        if (Sentences(failure) is not { } sentences)
        {
            await Console.Error.WriteLineAsync(
                $"{program} has failed. This is a fault of the program; please report it: {failure}");
            return 1;
        }
        foreach (var sentence in sentences)
            await Console.Error.WriteLineAsync($"{program}: {sentence}");
        return 1;
    }
}
