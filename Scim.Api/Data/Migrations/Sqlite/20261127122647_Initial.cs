using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Scim.Api.Data.Migrations.Sqlite
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
                    AccountId = table.Column<Guid>(type: "TEXT", nullable: false),
                    Query = table.Column<Guid>(type: "TEXT", nullable: false),
                    NextIndex = table.Column<int>(type: "INTEGER", nullable: false),
                    UserId = table.Column<Guid>(type: "TEXT", nullable: false),
                    SortValue = table.Column<string>(type: "TEXT", nullable: true),
                    WalkId = table.Column<Guid>(type: "TEXT", nullable: false),
                    SavedAt = table.Column<DateTime>(type: "TEXT", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Bookmarks", x => new { x.AccountId, x.Query, x.NextIndex, x.UserId });
                });

            migrationBuilder.CreateTable(
                name: "DataProtectionKeys",
                columns: table => new
                {
                    Id = table.Column<int>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    FriendlyName = table.Column<string>(type: "TEXT", nullable: true),
                    Xml = table.Column<string>(type: "TEXT", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_DataProtectionKeys", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "Fences",
                columns: table => new
                {
                    AccountId = table.Column<Guid>(type: "TEXT", nullable: false),
                    Generation = table.Column<long>(type: "INTEGER", nullable: false),
                    CredentialSetId = table.Column<Guid>(type: "TEXT", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Fences", x => x.AccountId);
                });

            migrationBuilder.CreateTable(
                name: "Populations",
                columns: table => new
                {
                    AccountId = table.Column<Guid>(type: "TEXT", nullable: false),
                    Users = table.Column<int>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Populations", x => x.AccountId);
                });

            migrationBuilder.CreateTable(
                name: "ProvisioningEvents",
                columns: table => new
                {
                    AccountId = table.Column<Guid>(type: "TEXT", nullable: false),
                    Id = table.Column<Guid>(type: "TEXT", nullable: false),
                    Time = table.Column<DateTime>(type: "TEXT", nullable: false),
                    CredentialSetId = table.Column<Guid>(type: "TEXT", nullable: true),
                    AdministratorId = table.Column<Guid>(type: "TEXT", nullable: true),
                    Administrator = table.Column<string>(type: "TEXT", nullable: true),
                    Operation = table.Column<string>(type: "TEXT", nullable: false),
                    UserId = table.Column<Guid>(type: "TEXT", nullable: true),
                    UserName = table.Column<string>(type: "TEXT", nullable: true),
                    UserNameKey = table.Column<string>(type: "TEXT", nullable: false),
                    Outcome = table.Column<string>(type: "TEXT", nullable: false),
                    Status = table.Column<int>(type: "INTEGER", nullable: false),
                    ScimType = table.Column<string>(type: "TEXT", nullable: true),
                    Reason = table.Column<string>(type: "TEXT", nullable: true),
                    Changed = table.Column<string>(type: "TEXT", nullable: false),
                    NotApplied = table.Column<string>(type: "TEXT", nullable: false, defaultValue: ""),
                    Habits = table.Column<string>(type: "TEXT", nullable: false),
                    RequestId = table.Column<string>(type: "TEXT", nullable: true),
                    Repeats = table.Column<int>(type: "INTEGER", nullable: false),
                    SearchText = table.Column<string>(type: "TEXT", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_ProvisioningEvents", x => new { x.AccountId, x.Id });
                });

            migrationBuilder.CreateTable(
                name: "SeatCounts",
                columns: table => new
                {
                    AccountId = table.Column<Guid>(type: "TEXT", nullable: false),
                    Product = table.Column<string>(type: "TEXT", nullable: false),
                    Used = table.Column<int>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_SeatCounts", x => new { x.AccountId, x.Product });
                });

            migrationBuilder.CreateTable(
                name: "Seats",
                columns: table => new
                {
                    AccountId = table.Column<Guid>(type: "TEXT", nullable: false),
                    UserId = table.Column<Guid>(type: "TEXT", nullable: false),
                    Product = table.Column<string>(type: "TEXT", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Seats", x => new { x.AccountId, x.UserId, x.Product });
                });

            migrationBuilder.CreateTable(
                name: "Users",
                columns: table => new
                {
                    AccountId = table.Column<Guid>(type: "TEXT", nullable: false),
                    Id = table.Column<Guid>(type: "TEXT", nullable: false),
                    UserName = table.Column<string>(type: "TEXT", nullable: false),
                    UserNameKey = table.Column<string>(type: "TEXT", nullable: false),
                    ExternalId = table.Column<string>(type: "TEXT", nullable: true),
                    Active = table.Column<bool>(type: "INTEGER", nullable: false),
                    ActiveSetByHand = table.Column<bool>(type: "INTEGER", nullable: false),
                    HasSetDisplayName = table.Column<bool>(type: "INTEGER", nullable: true),
                    HasSetWorkEmail = table.Column<bool>(type: "INTEGER", nullable: true),
                    Source = table.Column<string>(type: "TEXT", nullable: false),
                    Document = table.Column<string>(type: "TEXT", nullable: false),
                    Search = table.Column<string>(type: "TEXT", nullable: false, defaultValue: "{}"),
                    SearchVersion = table.Column<int>(type: "INTEGER", nullable: false, defaultValue: 0),
                    SearchText = table.Column<string>(type: "TEXT", nullable: false),
                    Version = table.Column<long>(type: "INTEGER", nullable: false),
                    Created = table.Column<DateTime>(type: "TEXT", nullable: false),
                    LastModified = table.Column<DateTime>(type: "TEXT", nullable: false),
                    DeletedAt = table.Column<DateTime>(type: "TEXT", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Users", x => new { x.AccountId, x.Id });
                });

            migrationBuilder.CreateTable(
                name: "Walks",
                columns: table => new
                {
                    AccountId = table.Column<Guid>(type: "TEXT", nullable: false),
                    Id = table.Column<Guid>(type: "TEXT", nullable: false),
                    IsShared = table.Column<bool>(type: "INTEGER", nullable: false),
                    Total = table.Column<int>(type: "INTEGER", nullable: false),
                    EndedAt = table.Column<DateTime>(type: "TEXT", nullable: true),
                    ExpiresAt = table.Column<DateTime>(type: "TEXT", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Walks", x => new { x.AccountId, x.Id });
                });

            migrationBuilder.CreateTable(
                name: "UserEmails",
                columns: table => new
                {
                    AccountId = table.Column<Guid>(type: "TEXT", nullable: false),
                    UserId = table.Column<Guid>(type: "TEXT", nullable: false),
                    ValueKey = table.Column<string>(type: "TEXT", nullable: false),
                    TypeKey = table.Column<string>(type: "TEXT", nullable: false),
                    Claimed = table.Column<bool>(type: "INTEGER", nullable: false)
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
