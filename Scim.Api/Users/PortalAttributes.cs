using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Scim.Api.Data;
using Scim.Api.Protocol.Schemas;
using Scim.Api.Provisioning;
using Shared.Contracts;

namespace Scim.Api.Users;

/// <summary>
/// The attributes of a user for the portal, as they were received, each with who set it: the user's newest event that
/// names it says so. SciLeads derives the display name and the work e-mail address, as long as no client has set them.
/// </summary>
internal static class PortalAttributes
{
    // Few users have more events. An attribute that was last changed before them is shown without who set it.
    private const int MaxEvents = 500;
    private const int MaxShown = 2000;

    public static async Task<IReadOnlyList<PortalAttributeOrigin>> Read(
        ScimDbContext db, User user, CancellationToken cancellation)
    {
        var events = await db.EventsOf(user.AccountId).AsNoTracking()
            .Where(e => e.UserId == user.Id && e.Changed != "")
            .OrderByDescending(e => e.Id)
            .Select(e => new Change(e.Changed, e.Time, e.Administrator, e.CredentialSetId))
            .Take(MaxEvents).ToListAsync(cancellation);
        var changes = new Dictionary<string, Change>(StringComparer.Ordinal);
        foreach (var change in events)
        {
            foreach (var name in ProvisioningEvent.Split(change.Names))
                changes.TryAdd(name, change);
        }

        var document = user.Json();
        var set = user.SetByClient(document);
        return
        [
            .. Flatten(document).Select(attribute => new PortalAttributeOrigin
            {
                Name = attribute.Name[(attribute.Name.LastIndexOf(':') + 1)..],
                Values = attribute.Values,
                DerivedFrom = attribute.Name switch
                {
                    "displayName" when !set.DisplayName => "name",
                    "emails" when !set.WorkEmail && AttributeRules.WorkEmails(document).Any() => "userName",
                    _ => null,
                },
                ChangedAt = changes.GetValueOrDefault(attribute.Name)?.Time,
                Administrator = changes.GetValueOrDefault(attribute.Name)?.Administrator,
                CredentialSet = changes.GetValueOrDefault(attribute.Name)?.CredentialSet,
            }),
        ];
    }

    // The same names as in events: see UserDocument.Changes.
    private static IEnumerable<(string Name, IReadOnlyList<string> Values)> Flatten(JsonObject document)
    {
        foreach (var (name, value) in document.Where(member => member.Key is not ("schemas" or "id")))
        {
            if (value is JsonObject complex)
            {
                var separator = ResourceType.User.Extensions.Any(extension => extension.Id == name) ? ':' : '.';
                foreach (var (part, inner) in complex)
                    yield return ($"{name}{separator}{part}", Texts(inner));
            }
            else
            {
                yield return (name, Texts(value));
            }
        }
    }

    private static IReadOnlyList<string> Texts(JsonNode? value) => value is JsonArray values
        ? [.. values.Select(Text)]
        : [Text(value)];

    /// <summary><c>jane@example.com (work, primary)</c>, or all parts of a value that has none of this form.</summary>
    private static string Text(JsonNode? value)
    {
        var text = value switch
        {
            JsonObject complex when DocumentReader.Text(complex["value"]) is { } main => string.Join(
                ", ", complex.Where(part => part.Key != "value").Select(Note).OfType<string>()) is { Length: > 0 } notes
                    ? $"{main} ({notes})"
                    : main,
            JsonObject complex => string.Join(
                ", ", complex.Where(part => part.Key != "formatted").Select(Note).OfType<string>()),
            null => "",
            _ => value.ToString(),
        };
        return ProvisioningEvent.Truncate(text, MaxShown)!;
    }

    private static string? Note(KeyValuePair<string, JsonNode?> part) => (part.Key, part.Value) switch
    {
        (_, JsonValue value) when value.TryGetValue<bool>(out var holds) => holds ? part.Key : null,
        ("type" or "display", { } text) => text.ToString(),
        (var name, { } text) => $"{name}: {text}",
        _ => null,
    };

    private sealed record Change(string Names, DateTime Time, string? Administrator, Guid? CredentialSet);
}
