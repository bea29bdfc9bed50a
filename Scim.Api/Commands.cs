using System.CommandLine;
using Scim.Api.AuthServer;
using Scim.Api.Data;
using Scim.Api.Users;
using Scim.Api.Users.Search;
using Shared.Hosting;

namespace Scim.Api;

/// <summary>What this program does besides serving: commands that run once, on the settings of the server.</summary>
internal static class Commands
{
    /// <summary>
    /// Whether the arguments of the process name a command, or ask for help or the version. The server itself takes
    /// <c>--Name=value</c> only.
    /// </summary>
    public static bool IsNamedBy(string[] args) =>
        (args is [var first, ..] && !first.StartsWith('-'))
        || args.Any(argument => argument is "--help" or "-h" or "-?" or "--version");

    /// <summary>
    /// Runs the command on what the server is made of; the server itself is not started. Help, version and mistyped
    /// commands need neither server nor settings.
    /// </summary>
    /// <param name="args">The command.</param>
    /// <param name="build">Makes the server.</param>
    public static async Task<int> Run(string[] args, Func<WebApplication> build)
    {
        // Only the action of a command asks for it.
        var server = new Lazy<WebApplication>(build);
        try
        {
            // A word that begins with @ is that word, not a file of more words.
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
    /// <param name="server">Returns the server that a command works on.</param>
    public static RootCommand Tree(Func<WebApplication> server) =>
        new("The SCIM 2.0 server of SciLeads. Without a command it serves.")
        {
            new Command("client-key", "The key that proves this server to Auth.Server.") { CreateKey(server) },
            new Command("database", "The SCIM database.") { Migrate(server) },
            new Command("users", "The people of an account.")
            {
                UserImport.Command(() => Ready(server())),
                UserConflicts.Command(() => Ready(server())),
            },
        };

    /// <summary>
    /// The parts of a server whose settings are right and whose database is not newer than this program.
    /// </summary>
    private static async Task<IServiceProvider> Ready(WebApplication server)
    {
        Program.RequireSettings(server);
        await server.Services.GetRequiredService<Migrator>().RequireKnown(CancellationToken.None);
        return server.Services;
    }

    private static Command CreateKey(Func<WebApplication> server)
    {
        var command = new Command("create", "Makes AuthServer__ClientKeyFile if absent; prints its public JWK set.");
        command.SetAction(_ =>
        {
            // Not through the options, which want the file to be there.
            var path = server().Configuration[$"{AuthServerOptions.Section}:{nameof(AuthServerOptions.ClientKeyFile)}"];
            if (string.IsNullOrEmpty(path))
                throw new OperatorException("AuthServer__ClientKeyFile is not set: it says where the key shall be.");
            using var key = ClientKey.OpenOrCreate(path);
            Console.WriteLine(key.PublicJwks());
        });
        return command;
    }

    private static Command Migrate(Func<WebApplication> server)
    {
        var command = new Command("migrate", "Brings the tables of ConnectionStrings__Scim up to date.");
        command.SetAction(async (_, cancellation) =>
        {
            await server().Services.GetRequiredService<Migrator>().Migrate(cancellation);
            await server().Services.GetRequiredService<Refolding>().RefoldAll(cancellation);
        });
        return command;
    }
}
