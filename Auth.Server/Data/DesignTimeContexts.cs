using Microsoft.EntityFrameworkCore;
using Shared.Hosting.Data;

namespace Auth.Server.Data;

/// <summary>Gives <c>dotnet ef</c> the context of SQLite.</summary>
internal sealed class SqliteDesign() : DesignTimeContext<SqliteAuthDbContext>(
    db => db.UseSqliteFile(Sqlite), options => new(options));

/// <summary>Gives <c>dotnet ef</c> the context of PostgreSQL.</summary>
internal sealed class PostgresDesign() : DesignTimeContext<PostgresAuthDbContext>(
    db => db.UseNpgsql(Postgres), options => new(options));
