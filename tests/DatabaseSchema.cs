using System.Data.Common;
using System.Text.RegularExpressions;
using Npgsql;

namespace SciLeads.Tests;

/// <summary>
/// The schema that migrations create in an empty database, as sorted lines of text: columns, keys, constraints, indexes, triggers,
/// functions and the initial rows. The order of columns, and the names of constraints and
/// triggers, do not matter.
/// </summary>
internal static partial class DatabaseSchema
{
    // Entity Framework's own tables begin with __EF.
    private const string SqliteTables =
        """
        SELECT name, sql FROM sqlite_schema
        WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' AND name NOT LIKE '\_\_EF%' ESCAPE '\'
        """;

    private const string Sqlite =
        $"""
        WITH t AS ({SqliteTables})
        SELECT t.name || ' column ' || c.name || ' ' || c.type || iif(c."notnull", ' NOT NULL', '')
            || coalesce(' DEFAULT ' || c.dflt_value, '') || iif(c.hidden, ' GENERATED', '')
        FROM t JOIN pragma_table_xinfo(t.name) c
        UNION ALL
        SELECT t.name || ' primary key ' || (
            SELECT group_concat(name, ', ') FROM (SELECT name FROM pragma_table_info(t.name) WHERE pk > 0 ORDER BY pk))
        FROM t
        UNION ALL
        SELECT t.name || ' foreign key ' || f."from" || ' part ' || f.seq || ' REFERENCES ' || f."table" || ' (' || f."to"
            || ') ON UPDATE ' || f.on_update || ' ON DELETE ' || f.on_delete
        FROM t JOIN pragma_foreign_key_list(t.name) f
        UNION ALL
        SELECT t.name || ' unique ' || (SELECT group_concat(name, ', ') FROM pragma_index_info(i.name))
        FROM t JOIN pragma_index_list(t.name) i WHERE i.origin = 'u'
        UNION ALL
        SELECT tbl_name || ' ' || type || ' ' || sql FROM sqlite_schema WHERE type IN ('index', 'trigger') AND sql IS NOT NULL
        UNION ALL
        SELECT name || ' view ' || sql FROM sqlite_schema WHERE type = 'view'
        """;

    private const string PostgresTables =
        """
        SELECT oid, relname AS name FROM pg_class
        WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace AND relname NOT LIKE '\_\_EF%'
        """;

    private const string Postgres =
        $"""
        WITH t AS ({PostgresTables})
        SELECT t.name || ' column ' || c.attname || ' ' || format_type(c.atttypid, c.atttypmod)
            || coalesce(' COLLATE ' || (SELECT collname FROM pg_collation o WHERE o.oid = c.attcollation
                AND collname <> 'default'), '')
            || CASE WHEN c.attnotnull THEN ' NOT NULL' ELSE '' END
            || coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '')
            || CASE WHEN c.attidentity = '' THEN '' ELSE ' IDENTITY ' || c.attidentity::text END
            || CASE WHEN c.attgenerated = '' THEN '' ELSE ' GENERATED ' || c.attgenerated::text END
        FROM t JOIN pg_attribute c ON c.attrelid = t.oid AND c.attnum > 0 AND NOT c.attisdropped
            LEFT JOIN pg_attrdef d ON d.adrelid = c.attrelid AND d.adnum = c.attnum
        UNION ALL
        SELECT t.name || ' constraint ' || pg_get_constraintdef(c.oid)
        FROM t JOIN pg_constraint c ON c.conrelid = t.oid AND c.contype <> 'n'
        UNION ALL
        SELECT t.name || ' index ' || pg_get_indexdef(i.indexrelid)
        FROM t JOIN pg_index i ON i.indrelid = t.oid
        WHERE NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid AND c.contype IN ('p', 'u', 'x'))
        UNION ALL
        SELECT t.name || ' trigger ' || pg_get_triggerdef(g.oid) || ' enabled ' || g.tgenabled::text
        FROM t JOIN pg_trigger g ON g.tgrelid = t.oid AND NOT g.tgisinternal
        UNION ALL
        SELECT p.proname || ' function ' || pg_get_functiondef(p.oid)
        FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prokind IN ('f', 'p')
        UNION ALL
        SELECT c.relname || ' ' || CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'view' END
        FROM pg_class c WHERE c.relkind IN ('S', 'v', 'm') AND c.relnamespace = 'public'::regnamespace
            AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'i')
        """;

    /// <summary>
    /// Compares the schema with its committed copy, which is beside the test: <c>schema.sqlite.txt</c>.
    /// </summary>
    /// <param name="connection">An open connection to a new database.</param>
    /// <param name="folder">The folder of the test within its project.</param>
    public static async Task RequireCommitted(DbConnection connection, string folder)
    {
        var name = connection is NpgsqlConnection ? "schema.postgres.txt" : "schema.sqlite.txt";
        var actual = Path.Combine(TestContext.CurrentContext.WorkDirectory, name);
        var schema = await Read(connection);
        await File.WriteAllLinesAsync(actual, schema);

        var committed = Path.Combine(TestContext.CurrentContext.TestDirectory, folder, name);
        Assert.That(
            schema,
            Is.EqualTo(await File.ReadAllLinesAsync(committed)),
            $"If the change is intended, copy {actual} over the committed {folder}/{name}.");
    }

    private static async Task<List<string>> Read(DbConnection connection)
    {
        var postgres = connection is NpgsqlConnection;
        var tables = postgres ? PostgresTables : SqliteTables;
        var schema = await Query(connection, postgres ? Postgres : Sqlite, row => [row.GetString(0)]);
        foreach (var table in await Query(connection, tables, row => [row.GetString(row.GetOrdinal("name"))]))
        {
            schema.AddRange(await Query(connection, $"SELECT * FROM \"{table}\"", row => [$"{table} row " + string.Join(
                ", ",
                Enumerable.Range(0, row.FieldCount).Select(column => $"{row.GetName(column)} = {row.GetValue(column)}")
                    .Order(StringComparer.Ordinal))]));
        }

        // Some options of SQLite appear only in the SQL of the table.
        if (!postgres)
        {
            schema.AddRange(await Query(connection, tables, row => Options().Matches(row.GetString(1))
                .Select(option => $"{row.GetString(0)} option {option.Value}")));
        }

        return
        [
            .. schema.Select(line => TriggerName().Replace(Space().Replace(line, " ").Trim(), "$1"))
                .Order(StringComparer.Ordinal),
        ];
    }

    private static async Task<List<string>> Query(
        DbConnection connection, string sql, Func<DbDataReader, IEnumerable<string>> read)
    {
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // It contains only constants, and names from the database.
        command.CommandText = sql;
#pragma warning restore CA2100
        await using var reader = await command.ExecuteReaderAsync();
        var lines = new List<string>();
        while (await reader.ReadAsync())
            lines.AddRange(read(reader));
        return lines;
    }

    [GeneratedRegex(@"\b(AUTOINCREMENT|COLLATE \S+|CHECK .*|WITHOUT ROWID|STRICT)\b")]
    private static partial Regex Options();

    [GeneratedRegex("(CREATE TRIGGER )\\S+ ")]
    private static partial Regex TriggerName();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();
}
