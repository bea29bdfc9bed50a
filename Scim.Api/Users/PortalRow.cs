using System.Data.Common;
using System.Text.Json.Nodes;
using Scim.Api.Provisioning;
using Shared.Contracts;
using Shared.Hosting.Data;

namespace Scim.Api.Users;

/// <summary>What the portal shows of a user. Of a page, only one document at a time is in memory.</summary>
internal static class PortalRow
{
    /// <summary>The columns that <see cref="Read"/> reads, of the table <c>u</c>.</summary>
    public const string Columns =
        """
        u."Id", u."UserName", u."Active", u."ExternalId", u."Source", u."LastModified", u."ActiveSetByHand",
        u."Document"
        """;

    // Values that are older than the limit may be very long.
    private const int MaxShown = 254;

    /// <summary>A user from a row, without the licences.</summary>
    public static PortalUser Read(DbDataReader row) => Of(JsonNode.Parse(row.GetString(7))!.AsObject(), new PortalUser
    {
        Id = row.GetGuid(0),
        Email = row.GetString(1),
        Active = row.GetBoolean(2),
        ExternalId = row.IsDBNull(3) ? null : row.GetString(3),
        Source = row.GetString(4),
        LastModified = row.GetUtc(5),
        ActiveSetByHand = row.GetBoolean(6),
        Licences = [],
    });

    /// <summary>A user who was just read or written.</summary>
    public static PortalUser Of(User user, IEnumerable<string> licences) => Of(user.Json(), new PortalUser
    {
        Id = user.Id,
        Email = user.UserName,
        Active = user.Active,
        ExternalId = user.ExternalId,
        Source = user.Source,
        LastModified = user.LastModified,
        ActiveSetByHand = user.ActiveSetByHand,
        Licences = [.. licences.Order(StringComparer.Ordinal)],
    });

    private static PortalUser Of(JsonObject document, PortalUser user) => user with
    {
        Email = Shown(user.Email)!,
        ExternalId = Shown(user.ExternalId),
        FirstName = Shown(UserDocument.GivenName(document)),
        LastName = Shown(UserDocument.FamilyName(document)),
        DisplayName = Shown(UserDocument.DisplayName(document)),
        WorkEmail = Shown(AttributeRules.WorkEmails(document).FirstOrDefault()),
    };

    private static string? Shown(string? text) => ProvisioningEvent.Truncate(text, MaxShown);
}
