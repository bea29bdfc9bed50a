namespace Scim.Api.Protocol.Messages;

/// <summary>
/// Records the refusal of a request. It is awaited before a <see cref="ScimError"/> is sent: by
/// <see cref="ErrorResponses"/> for exceptions and bare status codes, by the authorization for requests that are not
/// admitted, and by the endpoints' filter for errors that endpoints return. It does not throw.
/// </summary>
internal delegate Task RefusalObserver(HttpContext context, ScimError refusal);

/// <summary>The filter that observes what endpoints return.</summary>
internal static class RefusalObservation
{
    /// <summary>Takes note of the errors that endpoints of the group return, before they are sent.</summary>
    public static RouteGroupBuilder RecordRefusals(this RouteGroupBuilder group) =>
        group.AddEndpointFilter(async (context, next) =>
        {
            var result = await next(context);
            if (result is ScimError refusal)
                await context.HttpContext.RequestServices.GetRequiredService<RefusalObserver>()(
                    context.HttpContext, refusal);
            return result;
        });
}
