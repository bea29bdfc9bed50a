using Auth.Server.Data;
using Shared.Hosting;

namespace Auth.Server.Management;

/// <summary>
/// Runs a command of this process: in the running server if there is one, so that it never changes data behind the
/// server's back; otherwise in a server of its own, which does not listen.
/// </summary>
/// <param name="auth">The settings.</param>
/// <param name="connectionString">The auth database.</param>
/// <param name="build">Builds a server that does not listen.</param>
internal sealed class CommandLine(AuthOptions auth, string connectionString, Func<WebApplication> build)
{
    private const int Attempts = 60;
    private static readonly TimeSpan pause = TimeSpan.FromMilliseconds(250);

    /// <returns>The exit code.</returns>
    public async Task<int> Run(ParsedCommand command)
    {
        // A running server may be older than this program, and would not know what there is to migrate.
        if (command.Migrates)
        {
            using var owned = DatabaseLock.Take(connectionString);
            return await RunHere(command.Arguments, migrate: true);
        }

        // Either the server runs the command, or nobody has the database. In between, a server is starting or stopping.
        for (var left = Attempts; ; left--)
        {
            var socket = CommandSocket.PathIn(auth.DataDirectory);
            if (await CommandSocket.Send(socket, command.Arguments, CancellationToken.None) is { } answer)
            {
                await Console.Out.WriteAsync(answer.Output);
                await Console.Error.WriteAsync(answer.Error);
                return answer.ExitCode;
            }

            using var database = DatabaseLock.TryTake(connectionString);
            if (database is not null)
                return await RunHere(command.Arguments, auth.MigrateAtStart);
            if (left == 0)
                throw new OperatorException($"another Auth.Server has the database, but does not answer at {socket}.");
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
