using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Scim.Api.Protocol;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Provisioning;

/// <summary>
/// How large a stored user may be, so that a page of users fits in memory and an identifier in an index. Only what a
/// request changes is measured: a user who exceeds a newer limit can still be changed, as long as it does not grow.
/// </summary>
internal static class SizeLimits
{
    /// <summary>Bytes of the stored document, in UTF-8.</summary>
    public const int MaxUser = 64 * 1024;

    /// <summary>Characters of a string, such as a name, a note or a URL.</summary>
    public const int MaxText = 8 * 1024;

    /// <summary>Characters of a certificate in base64.</summary>
    public const int MaxBinary = 32 * 1024;

    /// <summary>
    /// Characters of a userName, an e-mail address or an externalId. Enforced even where other rules are not, because
    /// PostgreSQL refuses index entries of more than about 2,700 bytes, and an entry has more than the identifier.
    /// </summary>
    public const int MaxIdentifier = 400;

    private const int MaxKeyBytes = 2000;

    private static readonly ResourceType Type = ResourceType.User;

    /// <summary>Whether an identifier, or the key derived from it, fits in an index.</summary>
    public static bool FitsIndex(string identifier) =>
        identifier.Length <= 2 * MaxIdentifier
        && Characters(identifier) <= MaxIdentifier
        && Encoding.UTF8.GetByteCount(CaseFolding.Fold(identifier)) <= MaxKeyBytes;

    /// <summary>The number of code points of a text: a surrogate pair is one character.</summary>
    public static int Characters(string text) => text.EnumerateRunes().Count();

    /// <summary>What is too large in a user, and was not before.</summary>
    public static IEnumerable<Violation> Check(JsonObject user, JsonObject? before) =>
        TooLong(user, before).Concat(TooLarge(user, before));

    private static IEnumerable<Violation> TooLong(JsonObject user, JsonObject? before)
    {
        foreach (var (place, attribute, text) in ChangedTexts.In(user, before))
        {
            var max = MaxOf(attribute.Type);
            if (!HasOwnLimit(place) && text.Length > max && Characters(text) > max)
                yield return new(place, Invalid(
                    $"A value of {place} has {Characters(text)} characters; at most {max} are allowed."));
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
                $"The user has {size.ToString(CultureInfo.InvariantCulture)} bytes; at most {MaxUser} are allowed. "
                + $"The largest change is in {most.Name}."));
    }

    // The attribute rules check these.
    private static bool HasOwnLimit(string place) => place is "userName" or "externalId";

    private static int MaxOf(AttributeType type) => type == AttributeType.Binary ? MaxBinary : MaxText;

    private static int SizeOf(JsonNode? value) => value is null ? 0 : Encoding.UTF8.GetByteCount(Resource.Text(value));

    private static ScimError Invalid(string detail) => ScimError.InvalidValue(detail);
}
