using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Auth.Server.Tests.Hosting;

/// <summary>A database with several migrations, however many those of the servers have.</summary>
internal sealed class ThreeMigrations(DbContextOptions<ThreeMigrations> options) : DbContext(options)
{
    public const string First = "20260101000000_First";

    private static void CreateTable(MigrationBuilder migration, string name) =>
        migration.CreateTable(
            name,
            table => new { Id = table.Column<int>(nullable: false) },
            constraints: table => table.PrimaryKey($"PK_{name}", row => row.Id));

    [DbContext(typeof(ThreeMigrations))]
    [Migration(First)]
    internal sealed class FirstMigration : Migration
    {
        protected override void Up(MigrationBuilder migrationBuilder) => CreateTable(migrationBuilder, "First");
    }

    [DbContext(typeof(ThreeMigrations))]
    [Migration("20260102000000_Second")]
    internal sealed class SecondMigration : Migration
    {
        protected override void Up(MigrationBuilder migrationBuilder) => CreateTable(migrationBuilder, "Second");
    }

    [DbContext(typeof(ThreeMigrations))]
    [Migration("20260103000000_Third")]
    internal sealed class ThirdMigration : Migration
    {
        protected override void Up(MigrationBuilder migrationBuilder) => CreateTable(migrationBuilder, "Third");
    }
}
