using Auth.Server.Audit;
using Auth.Server.Credentials;
using Microsoft.AspNetCore;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Auth.Server.Connect;

/// <summary>
/// Records a refused token request with the right secret of an ended set, which shows that somebody still has the old
/// secret. Wrong secrets are not recorded, so that nobody can fake this.
/// </summary>
internal sealed class RecordEndedClients(ClientManager clients, CredentialUses uses)
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
