using Scim.Api.Protocol.Messages;

namespace Scim.Api.Protocol;

/// <summary>
/// A rule or limit of this server that a value breaks; the request may still succeed if it deactivates the user.
/// <paramref name="Attribute"/> is the place, named as in provisioning events: <c>userName</c>, <c>name.givenName</c>,
/// or a URN, a colon and an attribute of that extension.
/// </summary>
internal sealed record Violation(
    string Attribute, ScimError Error, ViolationKind Kind = ViolationKind.CannotBeStored);

/// <summary>How much a violation matters.</summary>
internal enum ViolationKind
{
    /// <summary>The value must not get into the database: it is taken, too large, or looks like another one.</summary>
    CannotBeStored,

    /// <summary>The account does not allow the value, such as an address on a foreign domain.</summary>
    NotAllowed,

    /// <summary>The value has not the form that active users need.</summary>
    WrongForm,

    /// <summary>The body of the request breaks the rule, maybe in an attribute that is ignored.</summary>
    OfBody,
}
