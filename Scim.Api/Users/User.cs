using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Scim.Api.Data;
using Scim.Api.Protocol.Filters;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Users;

/// <summary>
/// A person of an account: the document as clients see it, and beside it the few things that are looked up or unique.
/// A deleted user keeps its id and times, and is in no index that makes names unique.
/// </summary>
internal sealed class User
{
    public required Guid AccountId { get; init; }

    /// <summary>A version 7 GUID: users in order of their ids are in order of creation.</summary>
    public required Guid Id { get; init; }

    /// <summary>As the client wrote it.</summary>
    public string UserName { get; private set; } = "";

    /// <summary>
    /// userName, folded. If another user's name folds to the same key since the folding changed, it is another key that
    /// only this user has (see <see cref="Search.Refolding"/>), until the user is renamed.
    /// </summary>
    public string UserNameKey { get; private set; } = "";

    public string? ExternalId { get; private set; }

    public bool Active { get; private set; }

    /// <summary>
    /// Whether a client has set the display name, and the work e-mail, itself; false is derived by the server. Null is
    /// not recorded: users from before that was remembered.
    /// </summary>
    public bool? HasSetDisplayName { get; private set; }

    public bool? HasSetWorkEmail { get; private set; }

    /// <summary>One of <see cref="Shared.Contracts.UserSources"/>.</summary>
    public required string Source { get; init; }

    /// <summary>The resource (RFC 7643 §4.1) in JSON, all but its <c>meta</c>.</summary>
    public string Document { get; private set; } = "";

    /// <summary>The document as filters and sorting want it, a <see cref="SearchDocument"/>.</summary>
    public string Search { get; private set; } = "{}";

    /// <summary>The <see cref="SearchDocument.Version"/> by which this user's keys were folded.</summary>
    public int SearchVersion { get; private set; }

    /// <summary>What the portal searches: names, addresses and external id without letter case, a line each.</summary>
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

    public static Resource ToResource(Guid id, string document) =>
        new(ResourceType.User.Name, $"{ResourceType.User.Endpoint}/{id}", document);

    /// <summary>What a client has set of what the server can derive.</summary>
    public SetByClient SetByClient(JsonObject document) =>
        HasSetDisplayName is { } displayName && HasSetWorkEmail is { } workEmail
            ? new(displayName, workEmail)
            : DerivedAttributes.Guess(document);

    /// <summary>Remembers what a client has set.</summary>
    public void Remember(SetByClient set) =>
        (HasSetDisplayName, HasSetWorkEmail) = (set.DisplayName, set.WorkEmail);

    /// <summary>
    /// Takes a document over; <paramref name="claimsWorkEmail"/> makes the work e-mail unique, except for the keys of
    /// addresses that the user <paramref name="shares"/> with others from before that rule. A user who
    /// <paramref name="keepsKey"/> has a userName whose key, as it is made today, belongs to somebody else.
    /// </summary>
    public void Become(
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
    /// Makes the keys anew by which the user is found, but for <see cref="UserNameKey"/>; the user itself stays as it
    /// is, and claims no work e-mail that it did not claim before.
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
        TakeEmails(document, claimsWorkEmail);
    }

    public void Delete(DateTime now)
    {
        (DeletedAt, LastModified, Active) = (now, now, false);
        Version++;
        Emails.Clear();
    }

    /// <summary>Forgets what a deleted user was; id and times stay.</summary>
    public void Erase() =>
        (Document, UserName, UserNameKey, ExternalId, SearchText, Search) = ("", "", "", null, "", "{}");

    private void TakeEmails(JsonObject document, bool claimsWorkEmail)
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
            user.HasKey(u => new { u.AccountId, u.Id });
            user.HasIndex(u => new { u.AccountId, u.UserNameKey }).IsUnique().HasFilter(NotDeleted);
            // With the id, so that what is found is in order already; else SQLite would rather walk the whole account.
            user.HasIndex(u => new { u.AccountId, u.ExternalId, u.Id }).HasFilter(NotDeleted);
            user.HasIndex(u => new { u.AccountId, u.DeletedAt }).HasFilter(NotErased);
            user.HasIndex(u => new { u.AccountId, u.LastModified }).HasFilter(NotDeleted);
            user.HasIndex(u => new { u.AccountId, u.SearchVersion }).HasFilter(NotDeleted);
            user.Property(u => u.Version).IsConcurrencyToken();
            user.Property(u => u.Search).HasAnnotation(ScimDbContext.Json, true).HasDefaultValue("{}");
            user.HasMany(u => u.Emails).WithOne().HasForeignKey(e => new { e.AccountId, e.UserId });
        }
    }
}

/// <summary>An e-mail address of a user, so that it can be looked up, and be the work e-mail of no one else.</summary>
internal sealed class UserEmail
{
    public const string Work = "work";

    public Guid AccountId { get; init; }

    public Guid UserId { get; init; }

    /// <summary>The address without letter case.</summary>
    public required string ValueKey { get; init; }

    /// <summary>The type without letter case; empty if there is none.</summary>
    public required string TypeKey { get; init; }

    /// <summary>Whether no other user may have it as a work e-mail.</summary>
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
