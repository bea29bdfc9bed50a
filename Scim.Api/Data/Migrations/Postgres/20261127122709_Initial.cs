using System;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace Scim.Api.Data.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class Initial : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            // The default values of NotApplied and SearchVersion are written by hand: the model has none.
            migrationBuilder.CreateTable(
                name: "Bookmarks",
                columns: table => new
                {
                    AccountId = table.Column<Guid>(type: "uuid", nullable: false),
                    Query = table.Column<Guid>(type: "uuid", nullable: false),
                    NextIndex = table.Column<int>(type: "integer", nullable: false),
                    UserId = table.Column<Guid>(type: "uuid", nullable: false),
                    SortValue = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    WalkId = table.Column<Guid>(type: "uuid", nullable: false),
                    SavedAt = table.Column<DateTime>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Bookmarks", x => new { x.AccountId, x.Query, x.NextIndex, x.UserId });
                });

            migrationBuilder.CreateTable(
                name: "DataProtectionKeys",
                columns: table => new
                {
                    Id = table.Column<int>(type: "integer", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    FriendlyName = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    Xml = table.Column<string>(type: "text", nullable: true, collation: "C")
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_DataProtectionKeys", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "Fences",
                columns: table => new
                {
                    AccountId = table.Column<Guid>(type: "uuid", nullable: false),
                    Generation = table.Column<long>(type: "bigint", nullable: false),
                    CredentialSetId = table.Column<Guid>(type: "uuid", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Fences", x => x.AccountId);
                });

            migrationBuilder.CreateTable(
                name: "Populations",
                columns: table => new
                {
                    AccountId = table.Column<Guid>(type: "uuid", nullable: false),
                    Users = table.Column<int>(type: "integer", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Populations", x => x.AccountId);
                });

            migrationBuilder.CreateTable(
                name: "ProvisioningEvents",
                columns: table => new
                {
                    AccountId = table.Column<Guid>(type: "uuid", nullable: false),
                    Id = table.Column<Guid>(type: "uuid", nullable: false),
                    Time = table.Column<DateTime>(type: "timestamp with time zone", nullable: false),
                    CredentialSetId = table.Column<Guid>(type: "uuid", nullable: true),
                    AdministratorId = table.Column<Guid>(type: "uuid", nullable: true),
                    Administrator = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    Operation = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    UserId = table.Column<Guid>(type: "uuid", nullable: true),
                    UserName = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    UserNameKey = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    Outcome = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    Status = table.Column<int>(type: "integer", nullable: false),
                    ScimType = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    Reason = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    Changed = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    NotApplied = table.Column<string>(type: "text", nullable: false, defaultValue: "", collation: "C"),
                    Habits = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    RequestId = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    Repeats = table.Column<int>(type: "integer", nullable: false),
                    SearchText = table.Column<string>(type: "text", nullable: false, collation: "C")
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_ProvisioningEvents", x => new { x.AccountId, x.Id });
                });

            migrationBuilder.CreateTable(
                name: "SeatCounts",
                columns: table => new
                {
                    AccountId = table.Column<Guid>(type: "uuid", nullable: false),
                    Product = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    Used = table.Column<int>(type: "integer", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_SeatCounts", x => new { x.AccountId, x.Product });
                });

            migrationBuilder.CreateTable(
                name: "Seats",
                columns: table => new
                {
                    AccountId = table.Column<Guid>(type: "uuid", nullable: false),
                    UserId = table.Column<Guid>(type: "uuid", nullable: false),
                    Product = table.Column<string>(type: "text", nullable: false, collation: "C")
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Seats", x => new { x.AccountId, x.UserId, x.Product });
                });

            migrationBuilder.CreateTable(
                name: "Users",
                columns: table => new
                {
                    AccountId = table.Column<Guid>(type: "uuid", nullable: false),
                    Id = table.Column<Guid>(type: "uuid", nullable: false),
                    UserName = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    UserNameKey = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    ExternalId = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    Active = table.Column<bool>(type: "boolean", nullable: false),
                    ActiveSetByHand = table.Column<bool>(type: "boolean", nullable: false),
                    HasSetDisplayName = table.Column<bool>(type: "boolean", nullable: true),
                    HasSetWorkEmail = table.Column<bool>(type: "boolean", nullable: true),
                    Source = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    Document = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    Search = table.Column<string>(type: "jsonb", nullable: false, defaultValue: "{}"),
                    SearchVersion = table.Column<int>(type: "integer", nullable: false, defaultValue: 0),
                    SearchText = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    Version = table.Column<long>(type: "bigint", nullable: false),
                    Created = table.Column<DateTime>(type: "timestamp with time zone", nullable: false),
                    LastModified = table.Column<DateTime>(type: "timestamp with time zone", nullable: false),
                    DeletedAt = table.Column<DateTime>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Users", x => new { x.AccountId, x.Id });
                });

            migrationBuilder.CreateTable(
                name: "Walks",
                columns: table => new
                {
                    AccountId = table.Column<Guid>(type: "uuid", nullable: false),
                    Id = table.Column<Guid>(type: "uuid", nullable: false),
                    IsShared = table.Column<bool>(type: "boolean", nullable: false),
                    Total = table.Column<int>(type: "integer", nullable: false),
                    EndedAt = table.Column<DateTime>(type: "timestamp with time zone", nullable: true),
                    ExpiresAt = table.Column<DateTime>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Walks", x => new { x.AccountId, x.Id });
                });

            migrationBuilder.CreateTable(
                name: "UserEmails",
                columns: table => new
                {
                    AccountId = table.Column<Guid>(type: "uuid", nullable: false),
                    UserId = table.Column<Guid>(type: "uuid", nullable: false),
                    ValueKey = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    TypeKey = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    Claimed = table.Column<bool>(type: "boolean", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_UserEmails", x => new { x.AccountId, x.ValueKey, x.UserId, x.TypeKey });
                    table.ForeignKey(
                        name: "FK_UserEmails_Users_AccountId_UserId",
                        columns: x => new { x.AccountId, x.UserId },
                        principalTable: "Users",
                        principalColumns: new[] { "AccountId", "Id" },
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "IX_Bookmarks_AccountId_WalkId",
                table: "Bookmarks",
                columns: new[] { "AccountId", "WalkId" });

            migrationBuilder.CreateIndex(
                name: "IX_ProvisioningEvents_AccountId_Outcome_Id",
                table: "ProvisioningEvents",
                columns: new[] { "AccountId", "Outcome", "Id" });

            migrationBuilder.CreateIndex(
                name: "IX_ProvisioningEvents_AccountId_UserId_Id",
                table: "ProvisioningEvents",
                columns: new[] { "AccountId", "UserId", "Id" });

            migrationBuilder.CreateIndex(
                name: "IX_ProvisioningEvents_AccountId_UserNameKey_Id",
                table: "ProvisioningEvents",
                columns: new[] { "AccountId", "UserNameKey", "Id" });

            migrationBuilder.CreateIndex(
                name: "IX_Seats_AccountId_Product_UserId",
                table: "Seats",
                columns: new[] { "AccountId", "Product", "UserId" });

            migrationBuilder.CreateIndex(
                name: "IX_UserEmails_AccountId_UserId",
                table: "UserEmails",
                columns: new[] { "AccountId", "UserId" });

            migrationBuilder.CreateIndex(
                name: "IX_UserEmails_AccountId_ValueKey",
                table: "UserEmails",
                columns: new[] { "AccountId", "ValueKey" },
                unique: true,
                filter: "\"Claimed\"");

            migrationBuilder.CreateIndex(
                name: "IX_Users_AccountId_Active_Id",
                table: "Users",
                columns: new[] { "AccountId", "Active", "Id" },
                filter: "\"DeletedAt\" IS NULL");

            migrationBuilder.CreateIndex(
                name: "IX_Users_AccountId_DeletedAt",
                table: "Users",
                columns: new[] { "AccountId", "DeletedAt" },
                filter: "\"DeletedAt\" IS NOT NULL AND \"Document\" <> ''");

            migrationBuilder.CreateIndex(
                name: "IX_Users_AccountId_ExternalId_Id",
                table: "Users",
                columns: new[] { "AccountId", "ExternalId", "Id" },
                filter: "\"DeletedAt\" IS NULL");

            migrationBuilder.CreateIndex(
                name: "IX_Users_AccountId_Id",
                table: "Users",
                columns: new[] { "AccountId", "Id" },
                filter: "\"DeletedAt\" IS NULL");

            migrationBuilder.CreateIndex(
                name: "IX_Users_AccountId_LastModified_Id",
                table: "Users",
                columns: new[] { "AccountId", "LastModified", "Id" },
                filter: "\"DeletedAt\" IS NULL");

            migrationBuilder.CreateIndex(
                name: "IX_Users_AccountId_SearchVersion",
                table: "Users",
                columns: new[] { "AccountId", "SearchVersion" },
                filter: "\"DeletedAt\" IS NULL");

            migrationBuilder.CreateIndex(
                name: "IX_Users_AccountId_Source_Id",
                table: "Users",
                columns: new[] { "AccountId", "Source", "Id" },
                filter: "\"DeletedAt\" IS NULL");

            migrationBuilder.CreateIndex(
                name: "IX_Users_AccountId_UserNameKey",
                table: "Users",
                columns: new[] { "AccountId", "UserNameKey" },
                unique: true,
                filter: "\"DeletedAt\" IS NULL");

            migrationBuilder.CreateIndex(
                name: "IX_Users_ActiveSetByHand",
                table: "Users",
                columns: new[] { "AccountId", "ActiveSetByHand", "Id" },
                filter: "\"DeletedAt\" IS NULL AND \"ActiveSetByHand\"");

            migrationBuilder.CreateIndex(
                name: "IX_Walks_AccountId_ExpiresAt",
                table: "Walks",
                columns: new[] { "AccountId", "ExpiresAt" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "Bookmarks");

            migrationBuilder.DropTable(
                name: "DataProtectionKeys");

            migrationBuilder.DropTable(
                name: "Fences");

            migrationBuilder.DropTable(
                name: "Populations");

            migrationBuilder.DropTable(
                name: "ProvisioningEvents");

            migrationBuilder.DropTable(
                name: "SeatCounts");

            migrationBuilder.DropTable(
                name: "Seats");

            migrationBuilder.DropTable(
                name: "UserEmails");

            migrationBuilder.DropTable(
                name: "Walks");

            migrationBuilder.DropTable(
                name: "Users");
        }
    }
}
