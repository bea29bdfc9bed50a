using System.Data;

namespace Shared.Hosting.Data;

/// <summary>
/// The value of a statement's parameter. The type is known even if the value is null, so that a statement is prepared
/// once, whatever its values are.
/// </summary>
/// <param name="Type">The type; <see cref="DbType.Object"/> is a list of texts.</param>
/// <param name="Value">The value; null is NULL.</param>
/// <param name="IsJson">Whether the column contains JSON: PostgreSQL has a type for it, <c>jsonb</c>.</param>
public readonly record struct SqlValue(DbType Type, object? Value, bool IsJson = false)
{
    /// <summary>A text that contains JSON.</summary>
    public static SqlValue Json(string text) => new(DbType.String, text, IsJson: true);

    /// <summary>An identifier.</summary>
    public static implicit operator SqlValue(Guid? value) => new(DbType.Guid, value);

    /// <summary>A text.</summary>
    public static implicit operator SqlValue(string? value) => new(DbType.String, value);

    /// <summary>Texts, for <see cref="SqlBatch.IsAnyOf"/>.</summary>
    public static implicit operator SqlValue(string[] value) => new(DbType.Object, value);

    /// <summary>A truth value.</summary>
    public static implicit operator SqlValue(bool? value) => new(DbType.Boolean, value);

    /// <summary>A number of 32 bits.</summary>
    public static implicit operator SqlValue(int value) => new(DbType.Int32, value);

    /// <summary>A number of 64 bits.</summary>
    public static implicit operator SqlValue(long value) => new(DbType.Int64, value);

    /// <summary>A time in UTC.</summary>
    public static implicit operator SqlValue(DateTime? value) => new(DbType.DateTime, value);
}
