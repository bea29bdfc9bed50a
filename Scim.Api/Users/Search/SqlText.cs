using System.Data.Common;
using System.Globalization;
using System.Text;

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

    public DbCommand ToCommand(DbConnection connection)
    {
        var command = connection.CreateCommand();
#pragma warning disable CA2100 // Every value is a parameter.
        command.CommandText = text.ToString();
#pragma warning restore CA2100
        for (var i = 0; i < values.Count; i++)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = Name(i + 1);
            parameter.Value = values[i];
            command.Parameters.Add(parameter);
        }
        return command;
    }

    public override string ToString() => text.ToString();

    private static string Name(int number) => "@p" + number.ToString(CultureInfo.InvariantCulture);
}
