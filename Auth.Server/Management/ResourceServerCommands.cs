using System.CommandLine;
using System.Text.Json.Nodes;
using Auth.Server.Audit;
using Auth.Server.Connect;
using Shared.Contracts;

namespace Auth.Server.Management;

/// <summary><c>resource-servers</c>: the servers that may introspect tokens.</summary>
internal static class ResourceServerCommands
{
    public static Command Create(CommandContext context) => new("resource-servers", "The servers that may introspect tokens.")
    {
        Add(context),
    };

    private static Command Add(CommandContext context)
    {
        var name = new Option<string>("--name")
        {
            Description = "Audience and client id.",
            DefaultValueFactory = _ => Audiences.Scim,
        };
        var jwks = new Option<string>("--jwks") { Description = "A file with its public keys, a JWK set.", Required = true };
        var command = new Command("add", "Registers a resource server, or its new keys.") { name, jwks };
        command.SetAction((parsed, cancellation) => context.Answer<ResourceServers>(
            parsed, AuditAction.AddResourceServer, async servers =>
        {
            var keys = await context.ReadFile(parsed.GetRequiredValue(jwks), cancellation);
            await servers.Add(parsed.GetRequiredValue(name), keys, cancellation);
            return new JsonObject { ["resourceServer"] = parsed.GetValue(name) };
        }));
        return command;
    }
}
