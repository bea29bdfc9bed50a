namespace Scim.Api.Protocol;

/// <summary>
/// The names of what clients send otherwise than the RFCs say. They stand in provisioning events: none is ever renamed.
/// </summary>
internal static class ClientQuirk
{
    /// <summary>Entra ID writes <c>"op": "Replace"</c>.</summary>
    public const string CapitalOp = "capital-op";

    /// <summary>Some write <c>"path": ""</c> where they mean none.</summary>
    public const string EmptyPath = "empty-path";

    /// <summary>Entra ID writes <c>"False"</c> for <c>false</c>.</summary>
    public const string StringBoolean = "string-boolean";

    /// <summary>Okta and Entra ID send <c>""</c>, and in a PATCH null or <c>[]</c>, where a removal is meant.</summary>
    public const string EmptyValue = "empty-as-removal";

    /// <summary>Entra ID sends the manager as its bare id instead of <c>{"value": …}</c>.</summary>
    public const string BareValue = "bare-value";

    /// <summary>
    /// Entra ID sends a list where there is one value: the manager, or a text or boolean as <c>[{"value": …}]</c>. Some
    /// send a list with the only object of an operation without a path: <c>[{"active": false}]</c>.
    /// </summary>
    public const string ListForSingle = "list-for-single";

    /// <summary>Entra ID sends a role as JSON inside a text: <c>"value": "{\"value\":\"Reader\", …}"</c>.</summary>
    public const string JsonAsText = "json-as-text";

    /// <summary>
    /// Some leave out the URN before an attribute of an extension: <c>department</c>, <c>manager</c>.
    /// </summary>
    public const string MissingUrn = "missing-urn";

    /// <summary>Some put the core attributes into an object under the URN of the core schema.</summary>
    public const string NestedCore = "core-schema-as-key";

    /// <summary>Some send one e-mail address, of which there may be several, without a list around it.</summary>
    public const string SingleForList = "single-for-list";

    /// <summary>Entra ID names paths as members of a value: <c>"name.givenName"</c>.</summary>
    public const string PathAsKey = "path-as-key";

    /// <summary>Entra ID changes <c>emails[type eq "work"].value</c> where there is none: it was made.</summary>
    public const string CreatedOnNoMatch = "created-on-no-match";

    /// <summary>Entra ID and OneLogin remove some of several values by naming them in <c>value</c>.</summary>
    public const string RemovalByValue = "removal-by-value";

    /// <summary>authentik, Okta and others send back what only the server may set; it was left as it is.</summary>
    public const string ReadOnlyEcho = "read-only-echo";

    /// <summary>An attribute that no schema of this server knows was left out.</summary>
    public const string UnknownAttribute = "unknown-attribute";

    /// <summary>Okta sends a password with every new user; it was dropped.</summary>
    public const string Password = "password-dropped";
}
