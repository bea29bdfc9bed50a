using System.Text.Json;
using System.Text.Json.Nodes;
using Auth.Server.Keys;
using Auth.Server.Management;
using Npgsql;
using SciLeads.Tests;
using Scim.Api.AuthServer;

namespace Cluster.Tests;

/// <summary>
/// Two authorization servers and four nodes of <c>Scim.Api</c>, as processes, with one PostgreSQL server. Their clocks
/// are wrong by up to two minutes, and each node reaches the authorization servers through its own <see cref="Wire"/>.
/// </summary>
internal sealed class ClusterOfNodes : IAsyncDisposable
{
    private static readonly TimeSpan[] clocks =
        [TimeSpan.FromSeconds(40), TimeSpan.FromSeconds(-70), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(-2)];

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("cluster-");
    private readonly string scimDatabase;
    private readonly string connections;
    private int asked;

    private ClusterOfNodes(int nodes, string postgres, string connections)
    {
        this.connections = connections;
        Database = new(postgres, durable: true);
        var authDatabase = NewDatabase("auth");
        scimDatabase = NewDatabase("scim");
        KeyCertificate.OpenOrCreate(Certificate).Dispose();
        Auth = [.. Enumerable.Range(0, 2).Select(i => AuthNode(i, authDatabase))];
        Wires = [.. Enumerable.Range(0, nodes).Select(i => new Wire([.. Auth.Select(node => node.Address)], i))];
        Scim = [.. Enumerable.Range(0, nodes).Select(ScimNode)];
    }

    public PrivatePostgres Database { get; }

    public IReadOnlyList<Node> Auth { get; }

    public IReadOnlyList<Node> Scim { get; }

    public IReadOnlyList<Wire> Wires { get; }

    private string Certificate => Path.Combine(folder.FullName, "keys.pfx");

    private string ClientKeyFile => Path.Combine(folder.FullName, "client-key.pem");

    /// <summary>Starts the cluster.</summary>
    /// <param name="nodes">How many nodes of <c>Scim.Api</c>, at most four.</param>
    /// <param name="postgres">Settings of the PostgreSQL server.</param>
    /// <param name="connections">Added to the connection strings.</param>
    public static async Task<ClusterOfNodes> Start(
        int nodes = 4, string postgres = "", string connections = "Maximum Pool Size=30")
    {
        var cluster = new ClusterOfNodes(nodes, postgres, connections);
        var jwks = Path.Combine(cluster.folder.FullName, "client.jwks");
        using (var key = ClientKey.OpenOrCreate(cluster.ClientKeyFile))
            await File.WriteAllTextAsync(jwks, key.PublicJwks());
        foreach (var node in cluster.Auth)
            await node.Start();
        await cluster.Command("resource-servers", "add", "--jwks", jwks);
        await cluster.Scim[0].Start();
        await Task.WhenAll(cluster.Scim.Skip(1).Select(node => node.Start()));
        return cluster;
    }

    /// <summary>Runs a command on an authorization server that is available.</summary>
    /// <exception cref="InvalidOperationException">
    /// The command was refused, or there was no answer: it may have been carried out.
    /// </exception>
    public async Task<JsonObject> Command(params string[] arguments)
    {
        for (var tries = 0; ; tries++)
        {
            var data = DataOf((asked + tries) % Auth.Count);
            if (await CommandSocket.Send(CommandSocket.PathIn(data), [.. arguments, "--json"], CancellationToken.None) is { } answer)
            {
                Interlocked.Increment(ref asked);
                return answer.ExitCode == 0
                    ? JsonNode.Parse(answer.Output)!.AsObject()
                    : throw new InvalidOperationException(answer.Error);
            }
            if (tries == Auth.Count)
                throw new InvalidOperationException("No authorization server listens.");
        }
    }

    /// <summary>
    /// How many writes of a credential set have been committed. Waits for a database that is unavailable.
    /// </summary>
    public async Task<long> WritesOf(Guid set)
    {
        while (true)
        {
            try
            {
                return await CountWrites(set);
            }
            catch (NpgsqlException)
            {
                await Task.Delay(100);
            }
        }
    }

    /// <summary>The logs of the nodes.</summary>
    public string Logs() => JsonSerializer.Serialize(folder.EnumerateFiles("*.log").ToDictionary(
        file => file.Name, file => File.ReadLines(file.FullName).TakeLast(20)));

    /// <summary>Whether any of them contains a text.</summary>
    public bool HasLogged(string text) => folder.EnumerateFiles("*.log")
        .Any(file => File.ReadLines(file.FullName).Any(line => line.Contains(text, StringComparison.Ordinal)));

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(Scim.Concat(Auth).Select(node => node.DisposeAsync().AsTask()));
        foreach (var wire in Wires)
            await wire.DisposeAsync();
        NpgsqlConnection.ClearAllPools();
        folder.Delete(recursive: true);
    }

    private async Task<long> CountWrites(Guid set)
    {
        await using var connection = new NpgsqlConnection($"{scimDatabase};Pooling=False");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(
            """SELECT COUNT(*) FROM "ProvisioningEvents" WHERE "CredentialSetId" = @set AND "Outcome" <> 'refused'""", connection);
        command.Parameters.AddWithValue("set", set);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private string NewDatabase(string name)
    {
        using var connection = new NpgsqlConnection($"{Database.Connection};Database=postgres;Pooling=False");
        connection.Open();
#pragma warning disable CA2100 // The name is one of two.
        using var create = new NpgsqlCommand($"CREATE DATABASE {name}", connection);
#pragma warning restore CA2100
        create.ExecuteNonQuery();
        return $"{Database.Connection};Database={name};{connections}";
    }

    private string DataOf(int auth) => Path.Combine(folder.FullName, $"auth-{auth}");

    private Node AuthNode(int i, string database) => new("auth", $"auth-{i}", clocks[i], folder.FullName,
    [
        $"--ConnectionStrings:Auth={database}",
        "--Auth:PublicUrl=http://localhost:5001",
        "--Auth:ScimBaseUrl=http://localhost:5002/scim/v2",
        "--Auth:Limits:RequestsPerClient=1000000",
        "--Auth:ScimApiUrl=http://127.0.0.1:9",
        $"--Auth:DataDirectory={DataOf(i)}",
        $"--Auth:KeyCertificate={Certificate}",
    ]);

    private Node ScimNode(int i) => new("scim", $"scim-{i}", clocks[i], folder.FullName,
    [
        $"--ConnectionStrings:Scim={scimDatabase}",
        "--Scim:BaseUrl=http://localhost:5002/scim/v2",
        "--Scim:MigrateAtStart=true",
        "--AuthServer:Issuer=http://localhost:5001",
        $"--AuthServer:Url={Wires[i].Address}",
        $"--AuthServer:ClientKeyFile={ClientKeyFile}",
    ]);
}
