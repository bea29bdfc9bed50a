using Microsoft.EntityFrameworkCore;
using Shared.Hosting.Data;

namespace Scim.Api.Data;

/// <summary>Gives <c>dotnet ef</c> the context for SQLite.</summary>
internal sealed class SqliteDesign() : DesignTimeContext<SqliteScimDbContext>(
    db => db.UseSqliteFile(Sqlite), options => new(options));

/// <summary>Gives <c>dotnet ef</c> the context for PostgreSQL.</summary>
internal sealed class PostgresDesign() : DesignTimeContext<PostgresScimDbContext>(
    db => db.UseNpgsql(Postgres), options => new(options));
