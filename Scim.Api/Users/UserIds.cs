using System.Buffers.Binary;
using Microsoft.EntityFrameworkCore;
using Scim.Api.Data;

namespace Scim.Api.Users;

/// <summary>
/// Makes ids, which are version 7 GUIDs (RFC 9562 §5.7): within an account each is larger than all before it, so that
/// users in order of their ids are in order of creation, whoever reads and whichever node wrote.
/// </summary>
internal static class UserIds
{
    /// <summary>
    /// The id of the account's next user. The account is locked, so nobody makes one between the look-up and the
    /// commit. Deleted users count: their rows stay.
    /// </summary>
    public static async Task<Guid> NextId(
        this ScimDbContext db, Guid accountId, DateTime now, CancellationToken cancellation) => Following(
        await db.Users.Where(user => user.AccountId == accountId)
            .OrderByDescending(user => user.Id)
            .Select(user => (Guid?)user.Id)
            .FirstOrDefaultAsync(cancellation),
        now);

    /// <summary>
    /// An id of this moment; but where the last one has this millisecond, or one to come by another node's clock, an id
    /// of the millisecond after that (RFC 9562 §6.2: the time goes on, it never goes back).
    /// </summary>
    public static Guid Following(Guid? last, DateTime now)
    {
        var time = new DateTimeOffset(now).ToUnixTimeMilliseconds();
        if (last is { } id)
            time = Math.Max(time, MillisecondsOf(id) + 1);
        return Guid.CreateVersion7(DateTimeOffset.FromUnixTimeMilliseconds(time));
    }

    /// <summary>Reads an id; ids are exact (RFC 7643 §3.1), and what is no id is nobody's.</summary>
    public static bool TryRead(string text, out Guid id) =>
        Guid.TryParseExact(text, "D", out id) && id.ToString() == text;

    /// <summary>When an id was made, to the millisecond.</summary>
    public static DateTime TimeOf(Guid id) => DateTimeOffset.FromUnixTimeMilliseconds(MillisecondsOf(id)).UtcDateTime;

    private static long MillisecondsOf(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        return BinaryPrimitives.ReadInt64BigEndian(bytes) >>> 16;
    }
}
