using Auth.Server.Audit;
using Auth.Server.Connect;
using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using OpenIddict.Abstractions;

namespace Auth.Server.Management;

/// <summary>
/// The client that calls, and the account that it is limited to. Read again for each request, whatever its token was
/// issued for. OpenIddict accepts a token whose database row is gone; a token of a removed client is refused here.
/// </summary>
/// <param name="Id">The id of the client's row.</param>
/// <param name="AccountId">The only account that it can access; null for all.</param>
/// <param name="Actor">The client, for the audit log.</param>
internal sealed record Caller(Guid Id, Guid? AccountId, Actor Actor)
{
    /// <summary>Refuses access to other accounts, as if they did not exist.</summary>
    /// <exception cref="ProblemException">The client is limited to another account (404).</exception>
    public void RequireAccessTo(Guid accountId)
    {
        if (AccountId is { } own && own != accountId)
            throw ProblemException.NotFound($"There is no account {accountId}.");
    }

    /// <summary>The caller of a request whose token is valid.</summary>
    public static async ValueTask<Caller> BindAsync(HttpContext http)
    {
        var clientId = http.User.GetClaim(OpenIddictConstants.Claims.Subject);
        var db = http.RequestServices.GetRequiredService<AuthDbContext>();
        var client = await db.Clients.AsNoTracking()
            .SingleOrDefaultAsync(client => client.ClientId == clientId, http.RequestAborted)
            ?? throw new ProblemException(StatusCodes.Status401Unauthorized, "The client has been removed.");
        return new(client.Id, client.Management?.AccountId, Actor.Client(client.UniqueName, http));
    }
}
