using System.Buffers.Binary;
using System.Data.Common;
using Shared.Hosting.Data;

namespace Scim.Api.Data;

/// <summary>Lets one transaction at a time write the users of an account.</summary>
internal static class AccountLock
{
    /// <summary>
    /// Waits for the account's other writers, in the order of arrival, and keeps them waiting until the transaction
    /// ends. So what the next statements read (names, addresses, seats, the newest id) is still true when it commits.
    /// <para>
    /// On PostgreSQL it is an advisory lock: waiting for a row that each writer changes would wake all of them at each
    /// commit. Two accounts whose ids end alike would share a lock, which only makes them wait for each other. SQLite
    /// has one writer, which is this transaction.
    /// </para>
    /// <para>
    /// PostgreSQL ends the transaction of a node that sends nothing for five seconds. Otherwise a node that is frozen,
    /// or whose machine is gone, would keep the account's writers on other nodes waiting, possibly for hours.
    /// </para>
    /// <see cref="ReadTime"/> reads the result.
    /// </summary>
    public static void LockAccount(this SqlBatch batch, Guid accountId)
    {
        if (batch.IsPostgres)
            batch.Add(
                """
                SELECT clock_timestamp(), set_config('idle_in_transaction_session_timeout', '5s', true)
                FROM pg_advisory_xact_lock($1)
                """,
                KeyOf(accountId));
        else
            batch.Add("SELECT NULL");
    }

    /// <summary>PostgreSQL's time when the account was locked; null on SQLite, which runs in this process.</summary>
    public static DateTime? ReadTime(DbDataReader row) => row.IsDBNull(0) ? null : row.GetDateTime(0);

    // The random bits of the id.
    private static long KeyOf(Guid accountId)
    {
        Span<byte> bytes = stackalloc byte[16];
        accountId.TryWriteBytes(bytes, bigEndian: true, out _);
        return BinaryPrimitives.ReadInt64BigEndian(bytes[8..]);
    }
}
