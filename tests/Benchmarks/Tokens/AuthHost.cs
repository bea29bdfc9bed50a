namespace Benchmarks.Tokens;

/// <summary>A node of the real authorization server.</summary>
internal static class AuthHost
{
    /// <param name="connection">The connection string of its database.</param>
    /// <param name="folder">Where the nodes' files are.</param>
    /// <param name="data">The node's own subfolder, where it listens for commands.</param>
    public static WebApplication Build(string connection, string folder, string data) => Auth.Server.Program.Build(
    [
        "--Urls=http://127.0.0.1:0",
        $"--ConnectionStrings:Auth={connection}",
        $"--Auth:PublicUrl={IssuedTokens.PublicUrl}",
        "--Auth:ScimBaseUrl=http://localhost:5002/scim/v2",
        "--Auth:Limits:RequestsPerClient=1000000",
        "--Auth:ScimApiUrl=http://127.0.0.1:9",
        $"--Auth:DataDirectory={Path.Combine(folder, data)}",
        $"--Auth:KeyCertificate={Path.Combine(folder, "keys.pfx")}",
        "--Logging:LogLevel:Default=Warning",
        // Standard output is reserved for addresses.
        "--Logging:Console:LogToStandardErrorThreshold=Trace",
    ]);
}
