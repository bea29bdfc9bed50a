using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace Scim.Api.Data;

/// <summary>Gives <c>dotnet ef</c> a context without starting the server.</summary>
internal sealed class DesignTimeContext : IDesignTimeDbContextFactory<ScimDbContext>
{
    public ScimDbContext CreateDbContext(string[] args) =>
        new(
            new DbContextOptionsBuilder<ScimDbContext>().UseSqlite("Data Source=design.db").Options,
            new WriterGate(oneAtATime: false));
}
