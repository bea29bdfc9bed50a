namespace Benchmarks.Floors;

/// <summary>The servers that the product's are compared with, each a process of this program.</summary>
internal static class Floor
{
    public const string Scim = "scim-floor";
    public const string Tokens = "token-floor";

    public static async Task Run(string kind)
    {
        await using var app = WebApplication.CreateBuilder().Build();
        app.MapGet("/health/ready", () => "");
        Action<WebApplication> map = kind switch
        {
            Scim => ScimFloor.Map,
            Tokens => TokenFloor.Map,
            _ => throw new ArgumentException($"There is no floor {kind}.", nameof(kind)),
        };
        map(app);
        await app.RunAsync();
    }
}
