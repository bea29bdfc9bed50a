using Scim.Api.Protocol.Messages;

namespace Scim.Api.Protocol;

/// <summary>
/// A rule or limit of this server that a value breaks. The request may still succeed if it deactivates the user.
/// <paramref name="Attribute"/> is named as in provisioning events: <c>userName</c>, <c>name.givenName</c>, or the URN
/// of an extension, a colon and an attribute of that extension.
/// </summary>
internal sealed record Violation(
    string Attribute, ScimError Error, ViolationKind Kind = ViolationKind.CannotBeStored);

/// <summary>What kind of rule is violated, which decides whether the request is refused.</summary>
internal enum ViolationKind
{
    /// <summary>The value must not be stored: it is already in use, too large, or looks like another one.</summary>
    CannotBeStored,

    /// <summary>The account does not allow the value, such as an address outside its domains.</summary>
    NotAllowed,

    /// <summary>The value does not have the format that active users need.</summary>
    WrongForm,

    /// <summary>The body of the request breaks the rule, possibly in an ignored attribute.</summary>
    OfBody,
}
