using System.Text.Json.Serialization;

namespace Shared.Contracts;

/// <summary>
/// A page of an account's users: the response to <c>GET /portal/users</c> of <c>Scim.Api</c>, whose parameters are
/// <see cref="PortalUserParameters"/>.
/// </summary>
public sealed record PortalUsers
{
    /// <summary>How many users match; if there are very many, a number that is certainly reached.</summary>
    [JsonPropertyName("total")]
    public required int Total { get; init; }

    /// <summary>Whether more users match than <see cref="Total"/>.</summary>
    [JsonPropertyName("has_more_than_total")]
    public bool HasMoreThanTotal { get; init; }

    /// <summary>The users of this page.</summary>
    [JsonPropertyName("users")]
    public required IReadOnlyList<PortalUser> Users { get; init; }

    /// <summary>Whether there are users before this page.</summary>
    [JsonPropertyName("has_previous")]
    public bool HasPrevious { get; init; }

    /// <summary>Whether there are users after this page.</summary>
    [JsonPropertyName("has_next")]
    public bool HasNext { get; init; }

    /// <summary>Seats by product; the same on every page.</summary>
    [JsonPropertyName("seats")]
    public required IReadOnlyList<ProductSeats> Seats { get; init; }
}

/// <summary>
/// The parameters of the list of users. The portal's page has the same ones in its address. Each can be absent.
/// </summary>
public static class PortalUserParameters
{
    /// <summary>
    /// Words that names, addresses or the external id contain; or a user name or e-mail address, which finds exactly
    /// its user.
    /// </summary>
    public const string Search = "search";

    /// <summary><c>active</c> or <c>inactive</c>.</summary>
    public const string Status = "status";

    /// <summary>One of <see cref="UserSources"/>.</summary>
    public const string Source = "source";

    /// <summary>A product of which the user has a seat.</summary>
    public const string Licence = "licence";

    /// <summary><c>hand</c>: an administrator was the last to deactivate or reactivate the user.</summary>
    public const string Changed = "changed";

    /// <summary>One of <see cref="PortalUserOrders"/>; a minus sign before it reverses the order.</summary>
    public const string Sort = "sort";

    /// <summary>The id of the last user before the page.</summary>
    public const string After = "after";

    /// <summary>The id of the first user after the page.</summary>
    public const string Before = "before";

    /// <summary><c>last</c>: the last page.</summary>
    public const string Page = "page";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } =
        [Search, Status, Source, Licence, Changed, Sort, After, Before, Page];
}

/// <summary>The orders of the list of users.</summary>
public static class PortalUserOrders
{
    /// <summary>By creation, the newest first: the default.</summary>
    public const string Newest = "newest";

    /// <summary>By userName.</summary>
    public const string Email = "email";

    /// <summary>The active ones first.</summary>
    public const string Status = "status";

    /// <summary>By <see cref="UserSources"/>, those of the identity provider first.</summary>
    public const string Source = "source";

    /// <summary>By the last change, the newest first.</summary>
    public const string Changed = "changed";
}

/// <summary>A user in the portal's list.</summary>
public sealed record PortalUser
{
    /// <summary>The SCIM id.</summary>
    [JsonPropertyName("id")]
    public required Guid Id { get; init; }

    /// <summary>The guide's <i>Email</i>: userName.</summary>
    [JsonPropertyName("email")]
    public required string Email { get; init; }

    /// <summary>The guide's <i>First Name</i>: name.givenName.</summary>
    [JsonPropertyName("first_name")]
    public string? FirstName { get; init; }

    /// <summary>The guide's <i>Last Name</i>: name.familyName.</summary>
    [JsonPropertyName("last_name")]
    public string? LastName { get; init; }

    /// <summary>The guide's <i>Display Name</i>.</summary>
    [JsonPropertyName("display_name")]
    public string? DisplayName { get; init; }

    /// <summary>The guide's <i>Active Status</i>.</summary>
    [JsonPropertyName("active")]
    public required bool Active { get; init; }

    /// <summary>The guide's <i>External ID</i>: the identity provider's id of the user.</summary>
    [JsonPropertyName("external_id")]
    public string? ExternalId { get; init; }

    /// <summary>The products of which the user has a seat; none while inactive.</summary>
    [JsonPropertyName("licences")]
    public required IReadOnlyList<string> Licences { get; init; }

    /// <summary>One of <see cref="UserSources"/>: who created the user.</summary>
    [JsonPropertyName("source")]
    public required string Source { get; init; }

    /// <summary>The work e-mail address, which may be derived from userName.</summary>
    [JsonPropertyName("work_email")]
    public string? WorkEmail { get; init; }

    /// <summary>When the user was last changed, UTC.</summary>
    [JsonPropertyName("last_modified")]
    public DateTime LastModified { get; init; }

    /// <summary>
    /// Whether an administrator, rather than the identity provider, was the last to deactivate or reactivate the user.
    /// </summary>
    [JsonPropertyName("active_set_by_hand")]
    public bool ActiveSetByHand { get; init; }
}

/// <summary>A user with all attributes: the response to <c>GET /portal/users/{id}</c> of <c>Scim.Api</c>.</summary>
public sealed record PortalUserDetails
{
    /// <summary>The user, as in the list.</summary>
    [JsonPropertyName("user")]
    public required PortalUser User { get; init; }

    /// <summary>UTC.</summary>
    [JsonPropertyName("created")]
    public required DateTime Created { get; init; }

    /// <summary>The attributes that have a value, in the order in which they were first set.</summary>
    [JsonPropertyName("attributes")]
    public required IReadOnlyList<PortalAttributeOrigin> Attributes { get; init; }
}

/// <summary>An attribute of a user, and who set it.</summary>
public sealed record PortalAttributeOrigin
{
    /// <summary><c>title</c>, <c>name.givenName</c>; without the URN of an extension.</summary>
    [JsonPropertyName("name")]
    public required string Name { get; init; }

    /// <summary>The value as text; several for a multi-valued attribute.</summary>
    [JsonPropertyName("values")]
    public required IReadOnlyList<string> Values { get; init; }

    /// <summary>
    /// The name of the attribute from which SciLeads derived this one, because no client has set it; otherwise null.
    /// </summary>
    [JsonPropertyName("derived_from")]
    public string? DerivedFrom { get; init; }

    /// <summary>When it was last changed, UTC; null if the log no longer contains that.</summary>
    [JsonPropertyName("changed_at")]
    public DateTime? ChangedAt { get; init; }

    /// <summary>The administrator who made that change, by e-mail address.</summary>
    [JsonPropertyName("administrator")]
    public string? Administrator { get; init; }

    /// <summary>The credential set of the identity provider that made that change.</summary>
    [JsonPropertyName("credential_set")]
    public Guid? CredentialSet { get; init; }
}

/// <summary>
/// Deactivates or reactivates a user by hand: the body of <c>PATCH /portal/users/{id}</c>, answered by a
/// <see cref="PortalUserChange"/>.
/// </summary>
public sealed record PortalUserActivation
{
    /// <summary>The longest reason, in characters.</summary>
    public const int MaxReason = 200;

    /// <summary>Whether the user is to be active.</summary>
    [JsonPropertyName("active")]
    public required bool Active { get; init; }

    /// <summary>Why, in the administrator's words.</summary>
    [JsonPropertyName("reason")]
    public required string Reason { get; init; }
}

/// <summary>What a <see cref="PortalUserActivation"/> has done.</summary>
public sealed record PortalUserChange
{
    /// <summary>The user's userName.</summary>
    [JsonPropertyName("email")]
    public required string Email { get; init; }

    /// <summary>False if the user was already as requested, so that nothing was changed.</summary>
    [JsonPropertyName("changed")]
    public required bool Changed { get; init; }
}

/// <summary>A user to be created in the portal: the body of <c>POST /portal/users</c>.</summary>
public sealed record NewPortalUser
{
    /// <summary>Becomes userName and the work e-mail.</summary>
    [JsonPropertyName("email")]
    public required string Email { get; init; }

    /// <summary>Becomes name.givenName.</summary>
    [JsonPropertyName("first_name")]
    public string? FirstName { get; init; }

    /// <summary>Becomes name.familyName.</summary>
    [JsonPropertyName("last_name")]
    public string? LastName { get; init; }

    /// <summary>If absent, first and last name.</summary>
    [JsonPropertyName("display_name")]
    public string? DisplayName { get; init; }
}

/// <summary>How many seats of a product there are, and how many are used.</summary>
public sealed record ProductSeats
{
    /// <summary>The product.</summary>
    [JsonPropertyName("product")]
    public required string Product { get; init; }

    /// <summary>Seats bought.</summary>
    [JsonPropertyName("seats")]
    public required int Seats { get; init; }

    /// <summary>Seats that active users hold.</summary>
    [JsonPropertyName("used")]
    public required int Used { get; init; }
}

/// <summary>
/// The seats of a product that an account uses: one item of the response to <c>GET /portal/seats-in-use?account=</c> of
/// <c>Scim.Api</c>, which has an <c>account</c> parameter for each account. The caller needs
/// <see cref="Scopes.CountSeats"/>.
/// </summary>
public sealed record SeatsInUse
{
    /// <summary>How many accounts a request can name.</summary>
    public const int MaxAccounts = 100;

    /// <summary>The account.</summary>
    [JsonPropertyName("account")]
    public required Guid Account { get; init; }

    /// <summary>The product.</summary>
    [JsonPropertyName("product")]
    public required string Product { get; init; }

    /// <summary>Seats that active users hold.</summary>
    [JsonPropertyName("used")]
    public required int Used { get; init; }
}

/// <summary>Who created a user.</summary>
public static class UserSources
{
    /// <summary>An identity provider.</summary>
    public const string Scim = "scim";

    /// <summary>SciLeads itself: the portal, or an import from a file.</summary>
    public const string SciLeads = "scileads";

    /// <summary>A connection test. Such a user takes no seat, and is erased as soon as it is deleted.</summary>
    public const string ConnectionTest = "test";
}
