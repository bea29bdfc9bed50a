using System.CommandLine;
using Microsoft.EntityFrameworkCore;
using Scim.Api.Data;
using Scim.Api.Tokens;
using Scim.Api.Users;
using Scim.Api.Users.Search;

namespace Scim.Api;

/// <summary>What this program does besides serving: commands that run once, on the settings of the server.</summary>
internal static class Commands
{
    /// <summary>The server takes <c>--Key=value</c> only; a first word, or a call for help, is a command's.</summary>
    public static bool IsNamedBy(string[] args) =>
        args is [var first, ..] && (!first.StartsWith('-') || first is "--help" or "-h" or "-?" or "--version");

    /// <summary>Runs the command on what the server is made of; the server itself is not started.</summary>
    public static Task<int> Run(string[] args, WebApplication server)
    {
        var root = new RootCommand("The SCIM 2.0 server of SciLeads. Without a command it serves.")
        {
            new Command("client-key", "The key that proves this server to Auth.Server.") { CreateKey(server) },
            new Command("database", "The SCIM database.") { Migrate(server) },
            new Command("users", "The people of an account.") { UserImport.Command(server.Services) },
        };
        // A word that begins with @ is that word, not a file of more words.
        return root.Parse(args, new() { ResponseFileTokenReplacer = null })
            .InvokeAsync(new() { EnableDefaultExceptionHandler = false });
    }

    private static Command CreateKey(WebApplication server)
    {
        var command = new Command("create", "Makes AuthServer__ClientKeyFile if absent; prints its public JWK set.");
        command.SetAction(_ =>
        {
            // Not through the options, which want the file to be there.
            var path = server.Configuration[$"{AuthServerOptions.Section}:{nameof(AuthServerOptions.ClientKeyFile)}"];
            if (string.IsNullOrEmpty(path))
                throw new CommandException("AuthServer__ClientKeyFile is not set: it says where the key shall be.");
            using var key = ClientKey.OpenOrCreate(path);
            Console.WriteLine(key.PublicJwks());
        });
        return command;
    }

    private static Command Migrate(WebApplication server)
    {
        var command = new Command("migrate", "Brings the tables of ConnectionStrings__Scim up to date.");
        command.SetAction(async (_, cancellation) =>
        {
            await using var scope = server.Services.CreateAsyncScope();
            await scope.ServiceProvider.GetRequiredService<ScimDbContext>().Database.MigrateAsync(cancellation);
            await server.Services.GetRequiredService<Refolding>().RefoldAll(cancellation);
        });
        return command;
    }
}
