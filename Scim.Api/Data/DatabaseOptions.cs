using System.ComponentModel.DataAnnotations;

namespace Scim.Api.Data;

/// <summary>Where the SCIM database is.</summary>
internal sealed class DatabaseOptions
{
    public const string Section = "ConnectionStrings";

    /// <summary>A SQLite connection string, such as <c>Data Source=/var/lib/scim/scim.db</c>.</summary>
    [Required(ErrorMessage = "ConnectionStrings__Scim is not set: it says where the SCIM database is (Data Source=FILE).")]
    public string Scim { get; init; } = "";
}
