using Scim.Api.Data;

namespace Benchmarks.Floors;

/// <summary>
/// The floor of Scim.Api: the least code that answers the same requests for users on the same database. The account
/// comes from a file of tokens; a token is only looked up there.
/// </summary>
internal static class ScimFloor
{
    /// <summary>The setting with the file: an account and its token on each line.</summary>
    public const string TokensSetting = "Tokens";

    public static void Map(WebApplication app)
    {
        var connection = app.Configuration.GetSection(DatabaseOptions.Section).Get<DatabaseOptions>()!.Scim;
        var accounts = File.ReadAllLines(app.Configuration[TokensSetting]!).Select(line => line.Split(' '))
            .ToDictionary(line => $"Bearer {line[1]}", line => Guid.Parse(line[0]), StringComparer.Ordinal);
        var (reads, writes) = (new ReadFloor(connection), new WriteFloor(connection));
        var users = app.MapGroup("/scim/v2/Users");
        users.MapGet("", http => reads.List(AccountOf(http), http));
        users.MapGet("{id:guid}", (Guid id, HttpContext http) => reads.Get(AccountOf(http), id, http));
        users.MapPost("", http => writes.Create(AccountOf(http), http));
        users.MapPatch("{id:guid}", (Guid id, HttpContext http) => writes.Patch(AccountOf(http), id, http));

        Guid AccountOf(HttpContext http) => accounts[http.Request.Headers.Authorization.ToString()];
    }
}
