namespace Scim.Api.Protocol.Messages;

/// <summary>
/// Records the refusal of a request. It is awaited before a <see cref="ScimError"/> is sent: by
/// <see cref="ErrorResponses"/> for exceptions and bare status codes, by the authorization for requests that are not
/// admitted, and by the endpoints' filter for errors that endpoints return. It does not throw.
/// </summary>
internal delegate Task RefusalObserver(HttpContext context, ScimError refusal);
