using System.Text.Json.Serialization;

namespace Shared.Contracts;

/// <summary>
/// A page of an account's users: the response to <c>GET /portal/users?search=&amp;page=</c> of <c>Scim.Api</c>.
/// </summary>
public sealed record PortalUsers
{
    /// <summary>How many users match the search.</summary>
    [JsonPropertyName("total")]
    public required int Total { get; init; }

    /// <summary>The number of the page, from 1.</summary>
    [JsonPropertyName("page")]
    public required int Page { get; init; }

    /// <summary>How many users fit on a page.</summary>
    [JsonPropertyName("page_size")]
    public required int PageSize { get; init; }

    /// <summary>The users of this page, in order of creation.</summary>
    [JsonPropertyName("users")]
    public required IReadOnlyList<PortalUser> Users { get; init; }

    /// <summary>Seats by product; the same on every page.</summary>
    [JsonPropertyName("seats")]
    public required IReadOnlyList<ProductSeats> Seats { get; init; }
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

/// <summary>Who created a user.</summary>
public static class UserSources
{
    /// <summary>An identity provider.</summary>
    public const string Scim = "scim";

    /// <summary>SciLeads itself: the portal, or an import from a file.</summary>
    public const string SciLeads = "scileads";
}
