namespace EndToEnd.Tests;

/// <summary>A new account for a test, with an administrator, created with the commands of <c>Auth.Server</c>.</summary>
internal sealed record Customer(LocalSystem System, string AccountId, string Name, string Email, string Password)
{
    public static async Task<Customer> Open(LocalSystem system, string scim = "on", string? name = null)
    {
        name ??= $"Customer {Guid.NewGuid():N}";
        var account = await system.Auth(
            "accounts", "create", "--name", name, "--scim", scim, "--licence", "portal=200");
        var id = (string)account["accountId"]!;
        var email = $"admin@{Guid.NewGuid():N}.example";
        var administrator = await system.Auth("administrators", "create", "--account", id, "--email", email);
        return new(system, id, name, email, (string)administrator["password"]!);
    }

    /// <summary>Generates a direct JWT with the command.</summary>
    public async Task<string> GenerateToken() =>
        (string)(await System.Auth("credentials", "generate", "--account", AccountId, "--method", "direct-jwt"))["token"]!;

    /// <summary>Generates an OAuth client with the command.</summary>
    public async Task<OAuthClient> GenerateClient(params string[] redirectUris)
    {
        string[] options = [.. redirectUris.SelectMany(uri => new[] { "--redirect-uri", uri })];
        var set = await System.Auth(
            ["credentials", "generate", "--account", AccountId, "--method", "oauth2", .. options]);
        return new(System, (string)set["clientId"]!, (string)set["clientSecret"]!);
    }
}
