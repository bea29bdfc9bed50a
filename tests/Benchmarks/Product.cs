using Benchmarks.Floors;
using Benchmarks.Tokens;

namespace Benchmarks;

/// <summary>
/// Both servers as users run them, and a database with users of the first account. On request also the floor, on a
/// database of its own with the same content.
/// </summary>
internal sealed class Product : IAsyncDisposable
{
    private readonly List<IAsyncDisposable> parts = [];

    private Product(bool postgres) => IsPostgres = postgres;

    public bool IsPostgres { get; }

    public IssuedTokens Issued { get; private set; } = null!;

    public Database Users { get; private set; } = null!;

    public Server AuthServer { get; private set; } = null!;

    public Server ScimApi { get; private set; } = null!;

    /// <summary>The accounts' tokens; the users are in the first account.</summary>
    public IReadOnlyList<string> Tokens => Issued.Jwts;

    public static async Task<Product> Start(bool postgres, int accounts, int users)
    {
        var product = new Product(postgres);
        product.Issued = product.Own(await IssuedTokens.Create(postgres, accounts, withClients: false));
        product.Users = product.Own(await Database.Create(postgres, product.Issued.Accounts, users));
        var scimApi = Server.NewAddress();
        product.AuthServer = product.Own(await product.Issued.StartServer(scimApi: scimApi));
        product.ScimApi = product.Own(
            await product.Issued.StartScimApi(product.AuthServer, product.Users, scimApi));
        return product;
    }

    /// <summary>Starts the floor of Scim.Api.</summary>
    public async Task<Server> StartFloor()
    {
        var users = Own(await Database.Create(IsPostgres, Issued.Accounts, Users.Users));
        var tokens = Path.Combine(Issued.Folder, "tokens");
        await File.WriteAllLinesAsync(
            tokens, Issued.Accounts.Zip(Issued.Jwts, (account, token) => $"{account} {token}"));
        return Own(await Server.StartFloor(
            Floor.Scim, Issued.Folder, users.Name, $"ConnectionStrings__Scim={users.Connection}",
            $"{ScimFloor.TokensSetting}={tokens}"));
    }

    /// <summary>Starts another node of Scim.Api, on another database.</summary>
    public async Task<Server> StartScimApi(Database users) =>
        Own(await Issued.StartScimApi(AuthServer, Own(users)));

    public async ValueTask DisposeAsync()
    {
        parts.Reverse();
        foreach (var part in parts)
            await part.DisposeAsync();
    }

    private T Own<T>(T part)
        where T : IAsyncDisposable
    {
        parts.Add(part);
        return part;
    }
}
