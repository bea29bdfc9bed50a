using Auth.Server.Audit;
using Auth.Server.Connect;
using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using OpenIddict.Abstractions;

namespace Auth.Server.Management;

/// <summary>
/// Which client calls, and the one account that it is limited to. Read anew with each request, whatever its token was
/// issued for; OpenIddict would take a token whose row is gone at its word, and here its client is gone with it.
/// </summary>
/// <param name="Id">The client's row.</param>
/// <param name="AccountId">The one account that it knows of; null is all.</param>
/// <param name="Actor">The client, in the audit trail.</param>
internal sealed record Caller(Guid Id, Guid? AccountId, Actor Actor)
{
    /// <summary>Accounts beyond its reach do not exist for it.</summary>
    /// <exception cref="ProblemException">This is one of them (404).</exception>
    public void RequireAccessTo(Guid accountId)
    {
        if (AccountId is { } one && one != accountId)
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
        // Names may be alike.
        var name = $"{client.DisplayName} ({client.ClientId})";
        return new(client.Id, client.Management?.AccountId, Actor.Client(name, http));
    }
}
