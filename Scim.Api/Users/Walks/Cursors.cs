using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;
using Scim.Api.Data;
using Scim.Api.Protocol.Messages;
using Scim.Api.Users.Search;

namespace Scim.Api.Users.Walks;

/// <summary>
/// Makes and opens cursors (RFC 9865): the last user of a page, encrypted and signed for one account and one query, so
/// that a client can neither read one nor make one nor use it elsewhere. The server keeps nothing of it but the key,
/// which all nodes share.
/// </summary>
internal sealed class Cursors(IDataProtectionProvider protection, TimeProvider time)
{
    /// <summary>The <c>cursorTimeout</c> of the service provider's configuration.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(30);

    /// <summary>A cursor that leads behind a position, in pages of <paramref name="count"/>.</summary>
    public string Make(UserQuery query, int count, UserPosition end)
    {
        var place = new Place(time.GetUtcNow() + Lifetime, count, end);
        return Base64Url.EncodeToString(Protector(query).Protect(JsonSerializer.SerializeToUtf8Bytes(place)));
    }

    /// <summary>
    /// Where a cursor leads; one that is not for this account and query is as good as any forged one.
    /// </summary>
    public UserPosition Open(string cursor, UserQuery query, int count)
    {
        Place place;
        try
        {
            var bytes = Protector(query).Unprotect(Base64Url.DecodeFromChars(cursor));
            place = JsonSerializer.Deserialize<Place>(bytes)!;
        }
        catch (Exception invalid) when (invalid is FormatException or CryptographicException)
        {
            throw new ScimException(ScimError.InvalidCursor(
                "The cursor was not given for this list. Begin with an empty cursor and go on with each nextCursor, "
                + "at the same filter, sortBy and sortOrder."));
        }
        if (place.ExpiresAt < time.GetUtcNow())
            throw new ScimException(ScimError.ExpiredCursor(
                $"The cursor is older than {Lifetime.TotalMinutes} minutes. Begin again with an empty cursor."));
        if (place.Count != count)
            throw new ScimException(ScimError.InvalidCount(
                $"count was {place.Count} on the first page, and must stay so on those that follow; it is {count} "
                + "now."));
        return place.End;
    }

    private IDataProtector Protector(UserQuery query) => protection.CreateProtector(
        nameof(Cursors), query.AccountId.ToString(), query.Hash().ToString());

    private sealed record Place(DateTimeOffset ExpiresAt, int Count, UserPosition End);
}

/// <summary>Registers cursors.</summary>
internal static class CursorRegistration
{
    public static void AddCursors(this IServiceCollection services)
    {
        services.AddSingleton<Cursors>();
        services.AddDataProtection().SetApplicationName("Scim.Api").PersistKeysToDbContext<ScimDbContext>();
        // Beside the keys lie the users: who reads the database needs no cursor.
        services.Configure<KeyManagementOptions>(keys => keys.XmlEncryptor = new NullXmlEncryptor());
    }
}
