using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Scim.Api.Users.Walks;

/// <summary>
/// A client's walk through the pages of a list by index, from the first to the last. It has a bookmark at the end of
/// each page, and is deleted with its bookmarks some time after its last page.
/// </summary>
internal sealed class Walk
{
    public required Guid AccountId { get; init; }

    /// <summary>A version 7 GUID: a newer walk has a larger id.</summary>
    public required Guid Id { get; init; }

    /// <summary>Where the next page is expected to begin.</summary>
    public required int NextIndex { get; set; }

    /// <summary>The number of users when the walk began.</summary>
    public required int Total { get; set; }

    /// <summary>When the walk reached the end of the list; null if it has not.</summary>
    public DateTime? EndedAt { get; set; }

    public required DateTime ExpiresAt { get; set; }

    /// <summary>Whether this walk had ended when another one began, so that they are not concurrent.</summary>
    public bool EndedBefore(Walk other) => EndedAt < UserIds.TimeOf(other.Id);

    public sealed class Configuration : IEntityTypeConfiguration<Walk>
    {
        public void Configure(EntityTypeBuilder<Walk> walk)
        {
            walk.ToTable("Walks");
            walk.HasKey(w => new { w.AccountId, w.Id });
            walk.HasIndex(w => new { w.AccountId, w.ExpiresAt });
        }
    }
}

/// <summary>The end of a page that was read: its last user, and the index of the next page.</summary>
internal sealed class Bookmark
{
    public required Guid AccountId { get; init; }

    /// <summary>The hash of the query: filter and order, but not the page size.</summary>
    public required Guid Query { get; init; }

    public required int NextIndex { get; init; }

    /// <summary>A version 7 GUID: a newer bookmark has a larger id.</summary>
    public required Guid Id { get; init; }

    public required Guid WalkId { get; init; }

    public required Guid UserId { get; init; }

    /// <summary>The folded value that the user is sorted by.</summary>
    public string? SortValue { get; init; }

    public sealed class Configuration : IEntityTypeConfiguration<Bookmark>
    {
        public void Configure(EntityTypeBuilder<Bookmark> bookmark)
        {
            bookmark.ToTable("Bookmarks");
            bookmark.HasKey(b => new { b.AccountId, b.Query, b.NextIndex, b.Id });
            bookmark.HasIndex(b => new { b.AccountId, b.WalkId });
        }
    }
}
