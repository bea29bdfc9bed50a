namespace Benchmarks.Tokens;

/// <summary>The real authorization server.</summary>
internal static class AuthHost
{
    public static WebApplication Build(string connection, string folder) => Auth.Server.Program.Build(
    [
        "--Urls=http://127.0.0.1:0",
        $"--ConnectionStrings:Auth={connection}",
        $"--Auth:PublicUrl={IssuedTokens.PublicUrl}",
        "--Auth:ScimBaseUrl=http://localhost:5002/scim/v2",
        "--Auth:ScimApiUrl=http://127.0.0.1:9",
        $"--Auth:DataDirectory={Path.Combine(folder, "data")}",
        "--Logging:LogLevel:Default=Warning",
        // Standard output is for addresses.
        "--Logging:Console:LogToStandardErrorThreshold=Trace",
    ]);
}
