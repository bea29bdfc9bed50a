using System.Text.Json.Nodes;

namespace EndToEnd.Tests;

/// <summary>A customer whose names, addresses and domains are as long, and as many, as they may be.</summary>
internal static class Extreme
{
    private static readonly string address = $"{new string('a', 64)}@customer.example";

    public static async Task<Customer> Open(LocalSystem system)
    {
        var customer = await Customer.Open(system);
        var domains = string.Join(',', Enumerable.Range(1, 60).Select(i => $"department-{i}.subsidiary.example.com"));
        await system.Auth(
            "accounts", "update", "--account", customer.AccountId, "--domains", $"customer.example,{domains}");
        await system.Auth(
            "administrators", "create", "--account", customer.AccountId, "--email", address, "--read-only");
        using var scim = system.Scim(await customer.GenerateToken());
        await scim.Send(HttpMethod.Post, "Users", new JsonObject
        {
            ["schemas"] = new JsonArray("urn:ietf:params:scim:schemas:core:2.0:User"),
            ["userName"] = address,
            ["name"] = new JsonObject
            {
                ["givenName"] = "Wolfgang-Maximilian", ["familyName"] = "Wolfeschlegelsteinhausenbergerdorff",
            },
            ["displayName"] = "Wolfgang-Maximilian Wolfeschlegelsteinhausenbergerdorff",
            ["emails"] = new JsonArray(new JsonObject { ["value"] = address, ["type"] = "work" }),
            ["active"] = true,
        });
        return customer;
    }
}
