namespace EndToEnd.Tests;

/// <summary>
/// An account of its own for a test, with an administrator, opened by the commands of <c>Auth.Server</c>.
/// </summary>
internal sealed record Customer(LocalSystem System, string AccountId, string Name, string Email, string Password)
{
    public static async Task<Customer> Open(LocalSystem system, string scim = "on")
    {
        var name = $"Customer {Guid.NewGuid():N}";
        var account = await system.Auth(
            "accounts", "create", "--name", name, "--scim", scim, "--licence", "portal=200");
        var id = (string)account["accountId"]!;
        var email = $"admin@{Guid.NewGuid():N}.example";
        var administrator = await system.Auth("administrators", "create", "--account", id, "--email", email);
        return new(system, id, name, email, (string)administrator["password"]!);
    }

    /// <summary>A new direct JWT, made by the command.</summary>
    public async Task<string> GenerateToken() =>
        (string)(await System.Auth("credentials", "generate", "--account", AccountId, "--method", "direct-jwt"))["token"]!;

    /// <summary>A new OAuth client, made by the command.</summary>
    public async Task<OAuthClient> GenerateClient(params string[] redirectUris)
    {
        string[] options = [.. redirectUris.SelectMany(uri => new[] { "--redirect-uri", uri })];
        var set = await System.Auth(
            ["credentials", "generate", "--account", AccountId, "--method", "oauth2", .. options]);
        return new(System, (string)set["clientId"]!, (string)set["clientSecret"]!);
    }
}
