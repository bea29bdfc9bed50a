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
/// Creates and reads cursors (RFC 9865): the last user of a page, encrypted and signed for one account and one query,
/// so that clients can neither read nor forge a cursor, nor use it elsewhere. The server stores only the key, which all
/// nodes share.
/// </summary>
internal sealed class Cursors(IDataProtectionProvider protection, TimeProvider time)
{
    /// <summary>The <c>cursorTimeout</c> of the service provider's configuration.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(30);

    /// <summary>Creates a cursor that continues after a position, in pages of <paramref name="count"/>.</summary>
    public string Make(UserQuery query, int count, UserPosition end)
    {
        var payload = new Payload(time.GetUtcNow() + Lifetime, count, end);
        return Base64Url.EncodeToString(Protector(query).Protect(JsonSerializer.SerializeToUtf8Bytes(payload)));
    }

    /// <summary>
    /// Reads the position of a cursor. A cursor of another account or query is as invalid as a forged one.
    /// </summary>
    public UserPosition Open(string cursor, UserQuery query, int count)
    {
        Payload payload;
        try
        {
            var bytes = Protector(query).Unprotect(Base64Url.DecodeFromChars(cursor));
            payload = JsonSerializer.Deserialize<Payload>(bytes)!;
        }
        catch (Exception invalid) when (invalid is FormatException or CryptographicException)
        {
            throw new ScimException(ScimError.InvalidCursor(
                "The cursor does not belong to this list. Begin with an empty cursor and continue with each "
                + "nextCursor, with the same filter, sortBy and sortOrder."));
        }
        if (payload.ExpiresAt < time.GetUtcNow())
            throw new ScimException(ScimError.ExpiredCursor(
                $"The cursor is older than {Lifetime.TotalMinutes} minutes. Begin again with an empty cursor."));
        if (payload.Count != count)
            throw new ScimException(ScimError.InvalidCount(
                $"count was {payload.Count} on the first page and must be the same on all pages, but it is {count}."));
        return payload.End;
    }

    private IDataProtector Protector(UserQuery query) => protection.CreateProtector(
        nameof(Cursors), query.AccountId.ToString(), query.Hash().ToString());

    private sealed record Payload(DateTimeOffset ExpiresAt, int Count, UserPosition End);
}

/// <summary>Registers cursors.</summary>
internal static class CursorRegistration
{
    public static void AddCursors(this IServiceCollection services)
    {
        services.AddSingleton<Cursors>();
        services.AddDataProtection().SetApplicationName("Scim.Api").PersistKeysToDbContext<ScimDbContext>();
        // The keys are not encrypted: whoever can read the database can read the users anyway.
        services.Configure<KeyManagementOptions>(keys => keys.XmlEncryptor = new NullXmlEncryptor());
    }
}
