using Auth.Server.Audit;
using Auth.Server.Credentials;
using Microsoft.AspNetCore;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Auth.Server.Connect;

/// <summary>
/// Remembers who was refused at the token endpoint with the right secret of a set that has ended: somebody holds the
/// old secret. A wrong secret leaves no trace, so that nobody can make an administrator believe so.
/// </summary>
internal sealed class EndedClients(ClientManager clients, CredentialUses uses)
    : IOpenIddictServerHandler<ApplyTokenResponseContext>
{
    public async ValueTask HandleAsync(ApplyTokenResponseContext context)
    {
        if (context.Response.Error != Errors.InvalidClient
            || context.Request is not { ClientId: { Length: > 0 } id, ClientSecret: { Length: > 0 } secret }
            || await clients.FindEnded(id, secret, context.CancellationToken) is not { } set)
            return;
        if (context.Transaction.GetHttpRequest()?.HttpContext is { } http)
        {
            var actor = Actor.Client(id, http);
            uses.Refused(set.Id, actor.Address, actor.UserAgent);
        }
    }
}
