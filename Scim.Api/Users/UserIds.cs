using System.Buffers.Binary;

namespace Scim.Api.Users;

/// <summary>
/// Creates ids, which are version 7 GUIDs (RFC 9562 §5.7). Within an account, each id is larger than all earlier ones,
/// so that ids are in order of creation, whichever node creates the users.
/// </summary>
internal static class UserIds
{
    /// <summary>
    /// The id of the account's next user, with the current time. If the account's last id, of a user who may have been
    /// deleted, has the same millisecond, or a later one by another node's clock, the id gets the millisecond after
    /// that (RFC 9562 §6.2). The account is locked, so no other user is created before the commit.
    /// </summary>
    public static Guid After(Guid? last, DateTime now)
    {
        var time = new DateTimeOffset(now).ToUnixTimeMilliseconds();
        if (last is { } id)
            time = Math.Max(time, MillisecondsOf(id) + 1);
        return Guid.CreateVersion7(DateTimeOffset.FromUnixTimeMilliseconds(time));
    }

    /// <summary>Parses an id. Ids are case-sensitive (RFC 7643 §3.1).</summary>
    public static bool TryRead(string text, out Guid id) =>
        Guid.TryParseExact(text, "D", out id) && id.ToString() == text;

    /// <summary>When an id was created, in milliseconds.</summary>
    public static DateTime TimeOf(Guid id) => DateTimeOffset.FromUnixTimeMilliseconds(MillisecondsOf(id)).UtcDateTime;

    private static long MillisecondsOf(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        return BinaryPrimitives.ReadInt64BigEndian(bytes) >>> 16;
    }
}
