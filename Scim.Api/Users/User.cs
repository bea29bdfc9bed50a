using System.Data.Common;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Scim.Api.Data;
using Scim.Api.Protocol.Filters;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;
using Shared.Hosting.Data;

namespace Scim.Api.Users;

/// <summary>
/// A user of an account: the document as clients see it, and columns for the values that are searched by or unique. A
/// deleted user keeps its id and times, and is not in any unique index.
/// </summary>
internal sealed class User
{
    public required Guid AccountId { get; init; }

    /// <summary>A version 7 GUID: users in order of their ids are in order of creation.</summary>
    public required Guid Id { get; init; }

    /// <summary>The userName as the client sent it.</summary>
    public string UserName { get; private set; } = "";

    /// <summary>
    /// The folded userName. If another user's name folds to the same key after the folding has changed, this is a
    /// different key that only this user has (see <see cref="Search.Refolding"/>), until the user is renamed.
    /// </summary>
    public string UserNameKey { get; private set; } = "";

    public string? ExternalId { get; private set; }

    public bool Active { get; private set; }

    /// <summary>
    /// Whether a client has set the display name itself (false: the server derives it). Null for users who are older
    /// than this record. The same goes for <see cref="HasSetWorkEmail"/>.
    /// </summary>
    public bool? HasSetDisplayName { get; private set; }

    public bool? HasSetWorkEmail { get; private set; }

    /// <summary>
    /// Whether it was an administrator who last changed <see cref="Active"/>, so that the identity provider may change
    /// it back.
    /// </summary>
    public bool ActiveSetByHand { get; private set; }

    /// <summary>One of <see cref="Shared.Contracts.UserSources"/>.</summary>
    public required string Source { get; init; }

    /// <summary>Whether it is the temporary user of a connection test.</summary>
    public bool IsOfTest => Source == Shared.Contracts.UserSources.ConnectionTest;

    /// <summary>The resource (RFC 7643 §4.1) as JSON, without <c>meta</c>.</summary>
    public string Document { get; private set; } = "";

    /// <summary>The <see cref="SearchDocument"/> for filters and sorting.</summary>
    public string Search { get; private set; } = "{}";

    /// <summary>The <see cref="SearchDocument.Version"/> with which this user's keys were folded.</summary>
    public int SearchVersion { get; private set; }

    /// <summary>The text that the portal searches: folded names, addresses and external id, one per line.</summary>
    public string SearchText { get; private set; } = "";

    public long Version { get; private set; }

    public required DateTime Created { get; init; }

    public DateTime LastModified { get; private set; }

    public DateTime? DeletedAt { get; private set; }

    public List<UserEmail> Emails { get; } = [];

    public JsonObject Json() => JsonNode.Parse(Document)!.AsObject();

    public Resource ToResource() => ToResource(Id, Document) with
    {
        Created = Created,
        LastModified = LastModified,
        Version = Version,
    };

    /// <summary>A stored user, without the e-mail addresses, from a row with all columns.</summary>
    public static User Read(DbDataReader row) => new()
    {
        AccountId = row.GetGuid(0),
        Id = row.GetGuid(1),
        UserName = row.GetString(2),
        UserNameKey = row.GetString(3),
        ExternalId = row.IsDBNull(4) ? null : row.GetString(4),
        Active = row.GetBoolean(5),
        HasSetDisplayName = row.IsDBNull(6) ? null : row.GetBoolean(6),
        HasSetWorkEmail = row.IsDBNull(7) ? null : row.GetBoolean(7),
        Source = row.GetString(8),
        Document = row.GetString(9),
        Search = row.GetString(10),
        SearchVersion = row.GetInt32(11),
        SearchText = row.GetString(12),
        Version = row.GetInt64(13),
        Created = row.GetUtc(14),
        LastModified = row.GetUtc(15),
        DeletedAt = row.IsDBNull(16) ? null : row.GetUtc(16),
        ActiveSetByHand = row.GetBoolean(17),
    };

    public static Resource ToResource(Guid id, string document) =>
        new(ResourceType.User.Name, $"{ResourceType.User.Endpoint}/{id}", document);

    /// <summary>Which derivable attributes a client has set.</summary>
    public SetByClient SetByClient(JsonObject document) =>
        HasSetDisplayName is { } displayName && HasSetWorkEmail is { } workEmail
            ? new(displayName, workEmail)
            : DerivedAttributes.Guess(document);

    /// <summary>Records which derivable attributes a client has set.</summary>
    public void RecordSetByClient(SetByClient set) =>
        (HasSetDisplayName, HasSetWorkEmail) = (set.DisplayName, set.WorkEmail);

    /// <summary>Whether no other user may have this work e-mail, because this one has it.</summary>
    public bool Claims(string emailKey) => Emails.Exists(email => email.Claimed && email.ValueKey == emailKey);

    /// <summary>Records that <see cref="Active"/> has changed, and whether an administrator did it.</summary>
    public void RecordActiveChange(bool byHand) => ActiveSetByHand = byHand;

    /// <summary>The e-mail addresses as they are stored.</summary>
    public IReadOnlyList<EmailRow> EmailRows() =>
        Emails.ConvertAll(email => new EmailRow(email.ValueKey, email.TypeKey, email.Claimed));

    /// <summary>
    /// Replaces the document. <paramref name="claimsWorkEmail"/> makes the work e-mail unique, except for the keys in
    /// <paramref name="shares"/>, which others have had since before that rule. <paramref name="keepsKey"/> keeps the
    /// key of the userName, because its current key belongs to another user.
    /// </summary>
    public void SetDocument(
        JsonObject document,
        bool claimsWorkEmail,
        DateTime now,
        IReadOnlySet<string>? shares = null,
        bool keepsKey = false)
    {
        var userName = UserDocument.UserName(document)!;
        if (!keepsKey)
            (UserNameKey, SearchVersion) = (CaseFolding.Fold(userName), SearchDocument.Version);
        Document = Resource.Text(document);
        UserName = userName;
        ExternalId = UserDocument.ExternalId(document);
        Active = UserDocument.Active(document) ?? true;
        LastModified = now;
        Version++;
        Fold(document, claimsWorkEmail);
        foreach (var email in Emails.Where(email => shares?.Contains(email.ValueKey) == true))
            email.Claimed = false;
    }

    /// <summary>
    /// Folds the search keys again, except <see cref="UserNameKey"/>. The user itself does not change, and claims no
    /// work e-mail that it did not claim before.
    /// </summary>
    public void Refold()
    {
        var claimed = Emails.Where(email => email.Claimed).Select(email => CaseFolding.Fold(email.ValueKey))
            .ToHashSet();
        Fold(Json(), claimsWorkEmail: true);
        foreach (var email in Emails)
            email.Claimed = email.Claimed && claimed.Contains(email.ValueKey);
        SearchVersion = SearchDocument.Version;
    }

    /// <summary>Sets the key of the userName.</summary>
    public void SetUserNameKey(string key) => UserNameKey = key;

    private void Fold(JsonObject document, bool claimsWorkEmail)
    {
        Search = Resource.Text(SearchDocument.Of(ResourceType.User, document));
        SearchText = UserDocument.SearchText(document);
        SetEmails(document, claimsWorkEmail);
    }

    public void Delete(DateTime now)
    {
        (DeletedAt, LastModified, Active) = (now, now, false);
        Version++;
        Emails.Clear();
    }

    /// <summary>Erases the data of a deleted user; id and times are kept.</summary>
    public void Erase() =>
        (Document, UserName, UserNameKey, ExternalId, SearchText, Search) = ("", "", "", null, "", "{}");

    private void SetEmails(JsonObject document, bool claimsWorkEmail)
    {
        var wanted = UserDocument.Emails(document)
            .Select(email => (Value: CaseFolding.Fold(email.Value), Type: CaseFolding.Fold(email.Type ?? "")))
            .ToHashSet();
        Emails.RemoveAll(email => !wanted.Remove((email.ValueKey, email.TypeKey)));
        Emails.AddRange(wanted.Select(email => new UserEmail { ValueKey = email.Value, TypeKey = email.Type }));
        foreach (var email in Emails)
            email.Claimed = claimsWorkEmail && email.TypeKey == UserEmail.Work;
    }

    public sealed class Configuration : IEntityTypeConfiguration<User>
    {
        private const string NotDeleted = "\"DeletedAt\" IS NULL";
        private const string NotErased = "\"DeletedAt\" IS NOT NULL AND \"Document\" <> ''";

        public void Configure(EntityTypeBuilder<User> user)
        {
            user.ToTable("Users");
            user.Ignore(u => u.IsOfTest);
            user.HasKey(u => new { u.AccountId, u.Id });
            // Lists skip users by it, without reading them.
            user.HasIndex(u => new { u.AccountId, u.Id }).HasFilter(NotDeleted);
            user.HasIndex(u => new { u.AccountId, u.UserNameKey }).IsUnique().HasFilter(NotDeleted);
            // With the id, so that the result is already sorted; otherwise SQLite prefers to scan the whole account.
            user.HasIndex(u => new { u.AccountId, u.ExternalId, u.Id }).HasFilter(NotDeleted);
            user.HasIndex(u => new { u.AccountId, u.DeletedAt }).HasFilter(NotErased);
            // With the id, so that users who were changed at the same time, as by an import, are sorted as well.
            user.HasIndex(u => new { u.AccountId, u.LastModified, u.Id }).HasFilter(NotDeleted);
            // For the portal's list: its filters and its order.
            user.HasIndex(u => new { u.AccountId, u.Active, u.Id }).HasFilter(NotDeleted);
            user.HasIndex(u => new { u.AccountId, u.Source, u.Id }).HasFilter(NotDeleted);
            user.HasIndex(u => new { u.AccountId, u.ActiveSetByHand, u.Id }, "IX_Users_ActiveSetByHand")
                .HasFilter($"{NotDeleted} AND \"ActiveSetByHand\"");
            user.HasIndex(u => new { u.AccountId, u.SearchVersion }).HasFilter(NotDeleted);
            user.Property(u => u.Version).IsConcurrencyToken();
            user.Property(u => u.Search).HasAnnotation(ScimDbContext.Json, true).HasDefaultValue("{}");
            user.HasMany(u => u.Emails).WithOne().HasForeignKey(e => new { e.AccountId, e.UserId });
        }
    }
}

/// <summary>An e-mail address of a user, for lookups and for the uniqueness of work e-mails.</summary>
internal sealed class UserEmail
{
    public const string Work = "work";

    public Guid AccountId { get; init; }

    public Guid UserId { get; init; }

    /// <summary>The folded address.</summary>
    public required string ValueKey { get; init; }

    /// <summary>The folded type; empty if there is none.</summary>
    public required string TypeKey { get; init; }

    /// <summary>Whether no other user may have this work e-mail.</summary>
    public bool Claimed { get; set; }

    public sealed class Configuration : IEntityTypeConfiguration<UserEmail>
    {
        public void Configure(EntityTypeBuilder<UserEmail> email)
        {
            email.ToTable("UserEmails");
            email.HasKey(e => new { e.AccountId, e.ValueKey, e.UserId, e.TypeKey });
            email.HasIndex(e => new { e.AccountId, e.ValueKey }).IsUnique().HasFilter("\"Claimed\"");
        }
    }
}

/// <summary>An e-mail address as it is stored: a value, so that sets of them can be compared.</summary>
internal readonly record struct EmailRow(string ValueKey, string TypeKey, bool Claimed);
