using Scim.Api.Admission;
using Scim.Api.Protocol.Bulk;
using Scim.Api.Protocol.Messages;
using Scim.Api.Provisioning;

namespace Scim.Api.Users;

/// <summary>
/// The <c>/Bulk</c> endpoint (RFC 7644 §3.7). Each operation counts as a request against the account's rate limit. If
/// too little is left, the request is refused as a whole.
/// </summary>
internal static class BulkApi
{
    public static void MapBulk(this IEndpointRouteBuilder scim) => scim.MapPost("/Bulk", Run);

    private static async Task<ScimResult> Run(
        RequestBody body, HttpContext http, Caller caller, RateLimit limit, CancellationToken cancellation)
    {
        var request = BulkRequest.Read(body.AsSent);
        // The request itself has already been counted as one.
        if (request.Operations.Count - 1 is > 0 and var more)
            limit.Take(caller, more);
        var run = ActivatorUtilities.CreateInstance<BulkRun>(
            http.RequestServices, request, caller, BearerToken.Of(http)!, http.TraceIdentifier);
        return BulkResult.ToResponse(await run.Run(cancellation));
    }
}
