using System.ComponentModel.DataAnnotations;
using Shared.Hosting;
using Shared.Hosting.Data;

namespace Scim.Api.Data;

/// <summary>Where the SCIM database is.</summary>
internal sealed class DatabaseOptions : IValidatableObject
{
    public const string Section = "ConnectionStrings";

    /// <summary>
    /// A connection string for SQLite, such as <c>Data Source=/var/lib/scim/scim.db</c>, or for PostgreSQL, such as
    /// <c>Host=db.example.com;Database=scim;Username=scim</c>.
    /// </summary>
    [Required(
        ErrorMessage = "ConnectionStrings__Scim is not set: it says where the SCIM database is (Data Source=FILE).")]
    public string Scim { get; init; } = "";

    /// <summary>Whether the database is PostgreSQL, which has a host; SQLite has a file (<c>Data Source</c>).</summary>
    public bool IsPostgres => ConnectionStrings.IsPostgres(Scim);

    /// <summary>
    /// <see cref="Scim"/> with the defaults of this product. Also read before the settings are validated.
    /// </summary>
    public string ConnectionString =>
        ConnectionStrings.FaultOf(Scim) is null ? ConnectionStrings.WithDefaults(Scim, Storage.Program) : Scim;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        // The attribute reports a missing one.
        if (Scim.Length == 0)
            yield break;
        if (ConnectionStrings.FaultOf(Scim) is { } fault)
            yield return new($"ConnectionStrings__Scim {fault}");
        else if (!IsPostgres && PrivateFile.Fault(SqliteDatabase.FileOf(Scim)) is { } readable)
            yield return new(readable);
    }
}
