using Auth.Server.Data;
using Shared.Hosting;

namespace Auth.Server.Management;

/// <summary>
/// Runs a command that an operator starts: in the running server if there is one, so that data never changes without
/// the server's knowledge; otherwise in this process, with a server that does not listen.
/// </summary>
/// <param name="auth">The settings.</param>
/// <param name="connectionString">The connection string of the auth database.</param>
/// <param name="build">Builds a server that does not listen.</param>
internal sealed class CommandLine(AuthOptions auth, string connectionString, Func<WebApplication> build)
{
    private const int Attempts = 60;
    private static readonly TimeSpan pause = TimeSpan.FromMilliseconds(250);

    /// <returns>The exit code.</returns>
    public async Task<int> Run(ParsedCommand command)
    {
        // Not in the running server, which may be older than this program and lack its migrations.
        if (command.Migrates)
        {
            using var databaseLock = DatabaseLock.Take(connectionString);
            return await RunHere(command.Arguments, migrate: true);
        }

        // Either a server runs the command, or the database is not in use. Otherwise, a server is starting or stopping.
        for (var attemptsLeft = Attempts; ; attemptsLeft--)
        {
            var socket = CommandSocket.PathIn(auth.DataDirectory);
            if (await CommandSocket.Send(socket, command.Arguments, CancellationToken.None) is { } result)
            {
                await Console.Out.WriteAsync(result.Output);
                await Console.Error.WriteAsync(result.Error);
                return result.ExitCode;
            }

            using var databaseLock = DatabaseLock.TryTake(connectionString);
            if (databaseLock is not null)
                return await RunHere(command.Arguments, auth.MigrateAtStart);
            if (attemptsLeft == 0)
            {
                throw new OperatorException(
                    $"another Auth.Server is using the database, but does not respond at {socket}.");
            }

            await Task.Delay(pause);
        }
    }

    private async Task<int> RunHere(IReadOnlyList<string> arguments, bool migrate)
    {
        await using var app = build();
        await Preparation.Run(app, migrate);
        return await new Commands(app.Services, Environment.CurrentDirectory, CommandSocket.UnixUser)
            .Run(arguments, Console.Out, Console.Error, CancellationToken.None);
    }
}
