using Auth.Server.Accounts;
using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Shared.Contracts;

namespace Auth.Server.Management;

/// <summary>
/// The HTTP API for SciLeads' own servers and for customers' automation, described at <c>management/openapi.json</c>.
/// Every caller needs an access token, and every error is problem details (RFC 9457).
/// </summary>
internal static class ManagementApi
{
    /// <summary>The path under which everything belongs to the API.</summary>
    public const string Root = "/management";

    private const int MaxAccounts = 500;

    public static void AddManagement(this IServiceCollection services, AuthOptions auth)
    {
        services.AddScoped<RememberedCalls>();
        services.AddScoped<CredentialContext>();
        services.AddHostedService<RememberedCallWatch>();
        // Before the framework's own writers.
        services.Insert(0, ServiceDescriptor.Singleton<IProblemDetailsWriter, ManagementProblems>());
        services.AddManagementDescription(auth);
    }

    /// <summary>Gives error responses of the framework without a body, such as 404 and 405, problem details.</summary>
    public static void UseManagementProblems(this IApplicationBuilder app) => app.UseWhen(
        http => http.Request.Path.StartsWithSegments(Root), management => management.UseStatusCodePages());

    public static void MapManagement(this IEndpointRouteBuilder endpoints)
    {
        var accounts = endpoints.MapGroup(AuthServerPaths.Accounts).WithTags("Accounts")
            .RequireAuthorization(Scopes.ReadAccounts);
        accounts.MapGet("", ListAccounts).Described(
            "ListAccounts", "Lists the accounts that the caller can access.", 400);
        accounts.MapGet("{id:guid}", GetAccount).Described("GetAccount", "Shows one account.", 404);
        endpoints.MapCredentialSets();
        endpoints.MapProvisioning();
        endpoints.MapManagementDescription();
    }

    private static async Task<AccountPolicy> GetAccount(
        Guid id, Caller caller, AccountRegister accounts, CancellationToken cancellation)
    {
        caller.RequireAccessTo(id);
        return (await accounts.Get(id, cancellation)).ToPolicy();
    }

    private static async Task<AccountList> ListAccounts(
        Caller caller, AuthDbContext db, Guid? after = null, int count = 100, CancellationToken cancellation = default)
    {
        if (count is < 1 or > MaxAccounts)
            throw ProblemException.Invalid($"count must be 1 to {MaxAccounts}, not {count}.");
        var accounts = db.Accounts.AsNoTracking().Include(account => account.Licences).AsQueryable();
        if (caller.AccountId is { } own)
            accounts = accounts.Where(account => account.Id == own);
        if (after is { } last)
            accounts = accounts.Where(account => account.Id > last);
        var found = await accounts.OrderBy(account => account.Id).Take(count + 1).ToListAsync(cancellation);
        return new()
        {
            Accounts = [.. found.Take(count).Select(account => account.ToPolicy())],
            Next = found.Count > count ? found[count - 1].Id : null,
        };
    }
}
