using System.ComponentModel.DataAnnotations;
using Microsoft.Data.Sqlite;

namespace Scim.Api.Data;

/// <summary>Where the SCIM database is.</summary>
internal sealed class DatabaseOptions : IValidatableObject
{
    public const string Section = "ConnectionStrings";

    /// <summary>A SQLite connection string, such as <c>Data Source=/var/lib/scim/scim.db</c>.</summary>
    [Required(ErrorMessage = "ConnectionStrings__Scim is not set: it says where the database is (Data Source=FILE).")]
    public string Scim { get; init; } = "";

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        string? fault = null;
        try
        {
            _ = new SqliteConnectionStringBuilder(Scim);
        }
        catch (ArgumentException malformed)
        {
            fault = malformed.Message;
        }
        if (fault is not null)
            yield return new($"ConnectionStrings__Scim is not a SQLite connection string: {fault}");
    }
}
