using System.Data.Common;

namespace Shared.Hosting.Data;

/// <summary>Reads columns.</summary>
public static class SqlColumns
{
    /// <summary>A time, which both databases store in UTC.</summary>
    public static DateTime GetUtc(this DbDataReader row, int column) =>
        DateTime.SpecifyKind(row.GetDateTime(column), DateTimeKind.Utc);
}
