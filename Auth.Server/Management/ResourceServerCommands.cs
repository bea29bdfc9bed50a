using System.CommandLine;
using System.Text.Json.Nodes;
using Auth.Server.Audit;
using Auth.Server.Connect;
using Shared.Contracts;

namespace Auth.Server.Management;

/// <summary><c>resource-servers</c>: the servers that may introspect tokens.</summary>
internal static class ResourceServerCommands
{
    public static Command Create(CommandContext context) =>
        new("resource-servers", "The servers that may introspect tokens.")
        {
            Add(context),
        };

    private static Command Add(CommandContext context)
    {
        var name = new Option<string>("--name")
        {
            Description = "The audience and client id.",
            DefaultValueFactory = _ => Audiences.Scim,
        };
        var jwks = new FileOption("--jwks")
        {
            Description = "A file with the server's public P-256 keys as a JWK set, or - for standard input.",
            Required = true,
        };
        var replace = new Option<bool>("--replace")
        {
            Description =
                "Replaces the keys of a registered server. Servers that use the old keys stop working.",
        };
        var command = new Command("add", "Registers a resource server or, with --replace, new keys for it.")
        {
            name, jwks, replace,
        };
        command.SetAction((parsed, cancellation) => context.Execute<ResourceServers>(
            parsed, AuditAction.AddResourceServer, async servers =>
        {
            var keys = await context.ReadFile(parsed.GetRequiredValue(jwks)!, cancellation);
            await servers.Add(
                parsed.GetRequiredValue(name), keys, parsed.GetValue(replace), context.Actor, cancellation);
            return new JsonObject { ["resourceServer"] = parsed.GetValue(name) };
        }));
        return command;
    }
}
