using System.ComponentModel.DataAnnotations;
using System.Data.Common;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Scim.Api.Data;

/// <summary>Where the SCIM database is.</summary>
internal sealed class DatabaseOptions : IValidatableObject
{
    public const string Section = "ConnectionStrings";

    /// <summary>
    /// A connection string of SQLite, such as <c>Data Source=/var/lib/scim/scim.db</c>, or of PostgreSQL, such as
    /// <c>Host=db.example.com;Database=scim;Username=scim</c>.
    /// </summary>
    [Required(ErrorMessage = "ConnectionStrings__Scim is not set: it says where the SCIM database is (Data Source=FILE).")]
    public string Scim { get; init; } = "";

    /// <summary>PostgreSQL has a host; SQLite has a file (<c>Data Source</c>).</summary>
    public bool IsPostgres =>
        Scim.Split(';').Any(part => part.Split('=')[0].Trim().Equals("Host", StringComparison.OrdinalIgnoreCase));

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        string? fault = null;
        try
        {
            DbConnectionStringBuilder database = IsPostgres
                ? new NpgsqlConnectionStringBuilder(Scim)
                : new SqliteConnectionStringBuilder(Scim);
            if (database is SqliteConnectionStringBuilder sqlite)
                fault = PrivateFile.Fault(sqlite.DataSource);
        }
        catch (ArgumentException malformed)
        {
            fault = $"ConnectionStrings__Scim is no connection string of SQLite or PostgreSQL: {malformed.Message}";
        }
        if (fault is not null)
            yield return new(fault);
    }
}
