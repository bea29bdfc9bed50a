using System.Data;
using System.Globalization;
using System.Text;
using Shared.Hosting.Data;

namespace Scim.Api.Users.Search;

/// <summary>Builds a statement. Values are always parameters; the text comes from schema files and code only.</summary>
internal sealed class SqlText(SqlDialect dialect)
{
    private readonly StringBuilder text = new();
    private readonly List<object> values = [];

    public SqlDialect Dialect { get; } = dialect;

    public SqlText Append(string sql)
    {
        text.Append(sql);
        return this;
    }

    /// <summary>The name of a new parameter with this value.</summary>
    public string Parameter(object value)
    {
        values.Add(Dialect.ToParameter(value));
        return Name(values.Count);
    }

    /// <summary>Adds the statement to a batch.</summary>
    public void AddTo(SqlBatch batch) => AddTo(batch, before: "");

    /// <summary>Adds the statement, after a word such as <c>EXPLAIN</c>.</summary>
    public void AddTo(SqlBatch batch, string before) => batch.Add(before + text, [.. values.Select(ToValue)]);

    public override string ToString() => text.ToString();

    private static string Name(int number) => "$" + number.ToString(CultureInfo.InvariantCulture);

    private static SqlValue ToValue(object value) => value switch
    {
        Guid id => (Guid?)id,
        string text => text,
        bool truth => (bool?)truth,
        int number => number,
        DateTime time => (DateTime?)time,
        double number => new(DbType.Double, number),
        decimal number => new(DbType.Decimal, number),
        _ => throw new InvalidOperationException($"{value.GetType()} is not the type of a parameter."),
    };
}
