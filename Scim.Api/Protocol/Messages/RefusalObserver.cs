namespace Scim.Api.Protocol.Messages;

/// <summary>
/// Takes note of a request's refusal. Whoever decides to send a <see cref="ScimError"/> calls it first and waits for
/// it: <see cref="ErrorAnswers"/> for exceptions and bare status codes, the authorization for requests that it does not
/// admit, and the endpoints' filter for errors that endpoints return. It does not throw.
/// </summary>
internal delegate Task RefusalObserver(HttpContext context, ScimError refusal);
