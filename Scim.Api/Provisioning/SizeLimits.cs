using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Scim.Api.Protocol;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Provisioning;

/// <summary>
/// How large a stored user may be, so that a page of users fits in memory and an identifier in an index. Only what a
/// request changes is measured: a user from before a limit can still be changed, as long as it does not grow.
/// </summary>
internal static class SizeLimits
{
    /// <summary>Bytes of the stored document, in UTF-8.</summary>
    public const int MaxUser = 64 * 1024;

    /// <summary>Characters of a text, such as a name, a note or an address on the web.</summary>
    public const int MaxText = 8 * 1024;

    /// <summary>Characters of a certificate in base64.</summary>
    public const int MaxBinary = 32 * 1024;

    /// <summary>
    /// Characters of a userName, an e-mail address or an externalId, whatever other rules a request may break.
    /// PostgreSQL refuses index entries of more than about 2,700 bytes, and an entry has more than the identifier.
    /// </summary>
    public const int MaxIdentifier = 400;

    private const int MaxKeyBytes = 2000;

    private static readonly ResourceType Type = ResourceType.User;

    /// <summary>Whether an identifier, or the key that is made of it, fits in an index.</summary>
    public static bool FitsIndex(string identifier) =>
        identifier.Length <= 2 * MaxIdentifier
        && Characters(identifier) <= MaxIdentifier
        && Encoding.UTF8.GetByteCount(CaseFolding.Fold(identifier)) <= MaxKeyBytes;

    /// <summary>The characters of a text as people count them: one is never half of a surrogate pair.</summary>
    public static int Characters(string text) => text.EnumerateRunes().Count();

    /// <summary>What is too large in a user, and was not so before.</summary>
    public static IEnumerable<Violation> Check(JsonObject user, JsonObject? before) =>
        TooLong(user, before).Concat(TooLarge(user, before));

    private static IEnumerable<Violation> TooLong(JsonObject user, JsonObject? before)
    {
        foreach (var (place, attribute, text) in ChangedTexts.In(user, before))
        {
            var max = MaxOf(attribute.Type);
            if (!HasLimitOfItsOwn(place) && text.Length > max && Characters(text) > max)
                yield return new(place, Invalid($"A value of {place} has {Characters(text)} characters; "
                    + $"at most {max} are possible."));
        }
    }

    private static IEnumerable<Violation> TooLarge(JsonObject user, JsonObject? before)
    {
        var size = SizeOf(user);
        if (size <= MaxUser || (before is not null && size <= SizeOf(before)))
            yield break;
        var grown = DocumentPlaces.In(Type, user)
            .Select(place => (
                place.Name,
                By: SizeOf(place.Value) - SizeOf(DocumentPlaces.ValueAt(Type, before, place.Name))))
            .Where(place => place.By > 0 && place.Name != "active")
            .OrderByDescending(place => place.By)
            .ToList();
        if (grown is [var most, ..])
            yield return new(most.Name, Invalid(
                $"The user has {size.ToString(CultureInfo.InvariantCulture)} bytes; at most {MaxUser} are possible. "
                + $"The largest change is in {most.Name}."));
    }

    // These are judged by the attribute rules.
    private static bool HasLimitOfItsOwn(string place) => place is "userName" or "externalId";

    private static int MaxOf(AttributeType type) => type == AttributeType.Binary ? MaxBinary : MaxText;

    private static int SizeOf(JsonNode? value) => value is null ? 0 : Encoding.UTF8.GetByteCount(Resource.Text(value));

    private static ScimError Invalid(string detail) => ScimError.InvalidValue(detail);
}
