using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;

namespace Scim.Api.Users.Search;

/// <summary>
/// The SQL that differs between SQLite and PostgreSQL. A <c>json</c> parameter is an expression for a search document
/// or a part of one; a path is a list of schema names.
/// </summary>
internal abstract class SqlDialect
{
    private static readonly SqlDialect Sqlite = new SqliteDialect();
    private static readonly SqlDialect Postgres = new PostgresDialect();

    public static SqlDialect Of(DatabaseFacade database) => database.IsNpgsql() ? Postgres : Sqlite;

    /// <summary>The value at a path; null if there is none. An empty path means the json itself.</summary>
    public abstract string Value(string json, IReadOnlyList<string> path, OperandType type);

    /// <summary>Whether there is a value at a path.</summary>
    public abstract string Exists(string json, IReadOnlyList<string> path);

    /// <summary>
    /// The elements of the array at a path as a table with <c>value</c>, and <c>key</c> for the order.
    /// </summary>
    public abstract string Elements(string json, IReadOnlyList<string> path, string alias);

    /// <summary>An id as clients see it.</summary>
    public abstract string IdText(string id);

    public abstract string Contains(string text, string part);

    public abstract string StartsWith(string text, string part);

    public abstract string EndsWith(string text, string part);

    /// <summary>A text that is ordered by its UTF-8 bytes.</summary>
    public abstract string ByBytes(string text);

    public abstract object ToParameter(object value);

    private sealed class SqliteDialect : SqlDialect
    {
        public override string Value(string json, IReadOnlyList<string> path, OperandType type) =>
            path.Count == 0 ? json : $"json_extract({json}, {Path(path)})";

        public override string Exists(string json, IReadOnlyList<string> path) =>
            $"json_type({json}, {Path(path)}) IS NOT NULL";

        public override string Elements(string json, IReadOnlyList<string> path, string alias) =>
            $"json_each({json}, {Path(path)}) AS {alias}";

        public override string IdText(string id) => $"lower({id})";

        public override string Contains(string text, string part) => $"instr({text}, {part}) > 0";

        public override string StartsWith(string text, string part) =>
            $"substr({text}, 1, length({part})) = {part}";

        // substr from -0 would be the whole text.
        public override string EndsWith(string text, string part) =>
            $"({part} = '' OR substr({text}, -length({part})) = {part})";

        public override string ByBytes(string text) => text;

        // A decimal would be bound as text; its 15 digits are exact in a double.
        public override object ToParameter(object value) => value is decimal number ? (double)number : value;

        private static string Path(IReadOnlyList<string> path) =>
            $"'${string.Concat(path.Select(name => $".\"{name}\""))}'";
    }

    private sealed class PostgresDialect : SqlDialect
    {
        public override string Value(string json, IReadOnlyList<string> path, OperandType type) => type switch
        {
            OperandType.Boolean => $"({json} #>> {Path(path)})::boolean",
            OperandType.Number => $"({json} #>> {Path(path)})::numeric",
            _ => $"({json} #>> {Path(path)})",
        };

        public override string Exists(string json, IReadOnlyList<string> path) =>
            $"({json} #> {Path(path)}) IS NOT NULL";

        public override string Elements(string json, IReadOnlyList<string> path, string alias) =>
            $"jsonb_array_elements({json} #> {Path(path)}) WITH ORDINALITY AS {alias}(value, key)";

        public override string IdText(string id) => $"{id}::text";

        public override string Contains(string text, string part) => $"strpos({text}, {part}) > 0";

        public override string StartsWith(string text, string part) => $"starts_with({text}, {part})";

        public override string EndsWith(string text, string part) => $"right({text}, length({part})) = {part}";

        public override string ByBytes(string text) => $"{text} COLLATE \"C\"";

        public override object ToParameter(object value) => value;

        private static string Path(IReadOnlyList<string> path) =>
            $"'{{{string.Join(',', path.Select(name => $"\"{name}\""))}}}'";
    }
}

/// <summary>How a value is compared.</summary>
internal enum OperandType
{
    Text,
    Boolean,
    Number,

    /// <summary>A column of the database's date-time type; in search documents, date-times are texts.</summary>
    Time,
}
