using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Scim.Api.Users.Walks;

/// <summary>
/// A client's way through the pages of a list by index, from the first to the last: it has a bookmark at the end of
/// each page, and is forgotten with all of them some time after its last page.
/// </summary>
internal sealed class Walk
{
    public required Guid AccountId { get; init; }

    /// <summary>A version 7 GUID: of two walks the younger one has the larger.</summary>
    public required Guid Id { get; init; }

    /// <summary>Where its next page is expected to begin.</summary>
    public required int NextIndex { get; set; }

    /// <summary>How many users the query had when the walk began.</summary>
    public required int Total { get; set; }

    /// <summary>When it came to the end of the list; null if it goes on.</summary>
    public DateTime? EndedAt { get; set; }

    public required DateTime ExpiresAt { get; set; }

    /// <summary>Whether it had come to its end when another one began: they are no two that walk at once.</summary>
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

/// <summary>The end of a page that was read: which user stood there, and which index the next page has.</summary>
internal sealed class Bookmark
{
    public required Guid AccountId { get; init; }

    /// <summary>The query that is walked, by its hash: filter and order, but not the size of pages.</summary>
    public required Guid Query { get; init; }

    public required int NextIndex { get; init; }

    /// <summary>A version 7 GUID: of two bookmarks the younger one has the larger.</summary>
    public required Guid Id { get; init; }

    public required Guid WalkId { get; init; }

    public required Guid UserId { get; init; }

    /// <summary>What the user is sorted by, folded.</summary>
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
