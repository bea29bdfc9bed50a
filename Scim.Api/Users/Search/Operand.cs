using System.Data.Common;
using System.Globalization;
using Scim.Api.Protocol.Filters;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Users.Search;

/// <summary>
/// The SQL expression of a folded value that a filter compares or an order sorts by. If it is
/// <paramref name="Optional"/>, it is null for users without the value.
/// </summary>
internal sealed record Operand(string Sql, OperandType Type, bool Optional)
{
    /// <summary>The value at a path of a search document.</summary>
    public static Operand In(SqlDialect dialect, string json, IReadOnlyList<string> path, SchemaAttribute attribute)
    {
        var type = attribute.Type switch
        {
            AttributeType.Boolean => OperandType.Boolean,
            AttributeType.Decimal or AttributeType.Integer => OperandType.Number,
            _ => OperandType.Text,
        };
        return new Operand(dialect.Value(json, path, type), type, Optional: true);
    }

    /// <summary>
    /// The column of an attribute, if it has one: it may be indexed, and <c>meta</c> is not in the document.
    /// </summary>
    public static Operand? Column(SqlText sql, AttributeTarget target, string baseUrl) =>
        target.Extension is not null ? null : (target.Attribute!.Name, target.Sub?.Name) switch
        {
            ("id", _) => new(sql.Dialect.IdText("u.\"Id\""), OperandType.Text, false),
            ("userName", _) => new("u.\"UserNameKey\"", OperandType.Text, false),
            ("externalId", _) => new("u.\"ExternalId\"", OperandType.Text, true),
            ("active", _) => new("u.\"Active\"", OperandType.Boolean, false),
            ("meta", "created") => new("u.\"Created\"", OperandType.Time, false),
            ("meta", "lastModified") => new("u.\"LastModified\"", OperandType.Time, false),
            ("meta", "version") => new("('W/\"' || u.\"Version\" || '\"')", OperandType.Text, false),
            ("meta", "resourceType") => new($"'{Fold(target, ResourceType.User.Name)}'", OperandType.Text, false),
            ("meta", "location") => new(
                $"({sql.Parameter(baseUrl.TrimEnd('/') + ResourceType.User.Endpoint + "/")} || "
                + $"{sql.Dialect.IdText("u.\"Id\"")})",
                OperandType.Text,
                false),
            _ => null,
        };

    /// <summary>A parameter with a folded value, to compare this with.</summary>
    public string Parameter(SqlText sql, object folded) =>
        sql.Parameter(Type == OperandType.Time ? SearchDocument.ToInstant((string)folded) : folded);

    /// <summary>The expression to order by.</summary>
    public string Ordered(SqlDialect dialect) => Type == OperandType.Text ? dialect.ByBytes(Sql) : Sql;

    /// <summary>Reads the value from a row, in the format of <see cref="Parse"/>.</summary>
    public string? Read(DbDataReader row, int column) => row.IsDBNull(column) ? null : Type switch
    {
        OperandType.Time => SearchDocument.FoldInstant(row.GetDateTime(column)),
        OperandType.Boolean => row.GetBoolean(column) ? bool.TrueString : bool.FalseString,
        OperandType.Number => row.GetDecimal(column).ToString(CultureInfo.InvariantCulture),
        _ => row.GetString(column),
    };

    /// <summary>Parses a text from <see cref="Read"/> into the folded value.</summary>
    public object Parse(string text) => Type switch
    {
        OperandType.Boolean => bool.Parse(text),
        OperandType.Number => decimal.Parse(text, CultureInfo.InvariantCulture),
        _ => text,
    };

    private static string Fold(AttributeTarget target, string text) =>
        target.Sub!.CaseExact ? text : CaseFolding.Fold(text);
}
