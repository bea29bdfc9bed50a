namespace Scim.Api.Protocol;

/// <summary>
/// The names of known client deviations from RFC 7643 and 7644. A name never changes, because provisioning events
/// contain it.
/// </summary>
internal static class ClientQuirk
{
    /// <summary>Entra ID sends <c>"op": "Replace"</c>.</summary>
    public const string CapitalOp = "capital-op";

    /// <summary>Some send <c>"path": ""</c> for no path.</summary>
    public const string EmptyPath = "empty-path";

    /// <summary>Entra ID sends <c>"False"</c> for <c>false</c>.</summary>
    public const string StringBoolean = "string-boolean";

    /// <summary>Okta and Entra ID send <c>""</c>, and in a PATCH null or <c>[]</c>, to remove a value.</summary>
    public const string EmptyValue = "empty-as-removal";

    /// <summary>Entra ID sends the manager as its bare id instead of <c>{"value": …}</c>.</summary>
    public const string BareValue = "bare-value";

    /// <summary>
    /// Entra ID sends a list for a single value: the manager, or a string or boolean as <c>[{"value": …}]</c>. Some
    /// wrap the object of an operation without a path in a list: <c>[{"active": false}]</c>.
    /// </summary>
    public const string ListForSingle = "list-for-single";

    /// <summary>Entra ID sends a role as JSON inside a string: <c>"value": "{\"value\":\"Reader\", …}"</c>.</summary>
    public const string JsonAsText = "json-as-text";

    /// <summary>Some omit the URN before an attribute of an extension: <c>department</c>, <c>manager</c>.</summary>
    public const string MissingUrn = "missing-urn";

    /// <summary>Some send the core attributes in an object under the URN of the core schema.</summary>
    public const string NestedCore = "core-schema-as-key";

    /// <summary>Some send a single value, such as one e-mail address, for a multi-valued attribute.</summary>
    public const string SingleForList = "single-for-list";

    /// <summary>Entra ID sends paths as the keys of a value: <c>"name.givenName"</c>.</summary>
    public const string PathAsKey = "path-as-key";

    /// <summary>
    /// Entra ID changes <c>emails[type eq "work"].value</c> of a user without a work e-mail: it is created.
    /// </summary>
    public const string CreatedOnNoMatch = "created-on-no-match";

    /// <summary>
    /// Entra ID and OneLogin remove values of a multi-valued attribute by listing them in <c>value</c>.
    /// </summary>
    public const string RemovalByValue = "removal-by-value";

    /// <summary>authentik, Okta and others send back read-only attributes; they are left unchanged.</summary>
    public const string ReadOnlyEcho = "read-only-echo";

    /// <summary>An attribute that is in no schema of this server; it is ignored.</summary>
    public const string UnknownAttribute = "unknown-attribute";

    /// <summary>Okta sends a password with every new user; it is discarded.</summary>
    public const string Password = "password-dropped";
}
