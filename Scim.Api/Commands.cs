using System.CommandLine;
using Scim.Api.AuthServer;
using Scim.Api.Data;
using Scim.Api.Users;
using Scim.Api.Users.Search;
using Shared.Hosting;

namespace Scim.Api;

/// <summary>The commands of this program. They use the settings of the server, which they do not start.</summary>
internal static class Commands
{
    /// <summary>
    /// Whether the arguments of the process name a command, or ask for help or the version. The server itself accepts
    /// only <c>--Name=value</c>.
    /// </summary>
    public static bool IsCommand(string[] args) =>
        (args is [var first, ..] && !first.StartsWith('-'))
        || args.Any(argument => argument is "--help" or "-h" or "-?" or "--version");

    /// <summary>
    /// Runs the command with the services of the server, which is not started. Help, version and mistyped commands need
    /// neither server nor settings.
    /// </summary>
    /// <param name="args">The command line.</param>
    /// <param name="build">Builds the server.</param>
    public static async Task<int> Run(string[] args, Func<WebApplication> build)
    {
        // Built only if a command's action needs it.
        var server = new Lazy<WebApplication>(build);
        try
        {
            // An argument that begins with @ is not a response file.
            return await Tree(() => server.Value).Parse(args, new() { ResponseFileTokenReplacer = null })
                .InvokeAsync(new() { EnableDefaultExceptionHandler = false });
        }
        finally
        {
            if (server.IsValueCreated)
                await server.Value.DisposeAsync();
        }
    }

    /// <summary>All commands.</summary>
    /// <param name="server">Returns the server whose services a command uses.</param>
    public static RootCommand Tree(Func<WebApplication> server) =>
        new("The SCIM 2.0 server of SciLeads. Without a command, it runs the server.")
        {
            new Command("client-key", "The key with which this server authenticates to Auth.Server.")
            {
                CreateKey(server),
            },
            new Command("database", "The SCIM database.") { Migrate(server) },
            new Command("users", "The users of an account.")
            {
                UserImport.Command(() => RequireReady(server())),
                UserConflicts.Command(() => RequireReady(server())),
            },
        };

    /// <summary>
    /// The services of a server. Requires that its settings are valid and its database is not newer than this program.
    /// </summary>
    private static async Task<IServiceProvider> RequireReady(WebApplication server)
    {
        Program.RequireSettings(server);
        await server.Services.GetRequiredService<Migrator>().RequireKnown(CancellationToken.None);
        return server.Services;
    }

    private static Command CreateKey(Func<WebApplication> server)
    {
        var command = new Command(
            "create", "Creates AuthServer__ClientKeyFile if it does not exist, and prints its public JWK set.");
        command.SetAction(_ =>
        {
            // Not through the options, whose validation requires that the file exists.
            var path = server().Configuration[$"{AuthServerOptions.Section}:{nameof(AuthServerOptions.ClientKeyFile)}"];
            if (string.IsNullOrEmpty(path))
                throw new OperatorException("AuthServer__ClientKeyFile is not set: it is the path of the key file.");
            using var key = ClientKey.OpenOrCreate(path);
            Console.WriteLine(key.PublicJwks());
        });
        return command;
    }

    private static Command Migrate(Func<WebApplication> server)
    {
        var command = new Command("migrate", "Brings the database in ConnectionStrings__Scim up to date.");
        command.SetAction(async (_, cancellation) =>
        {
            await server().Services.GetRequiredService<Migrator>().Migrate(cancellation);
            await server().Services.GetRequiredService<Refolding>().RefoldAll(cancellation);
        });
        return command;
    }
}
