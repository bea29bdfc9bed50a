using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Scim.Api.Users.Walks;

/// <summary>
/// A client's walk through the pages of a list by index, from the first to the last. It has a bookmark at the end of
/// each page, and is deleted with its bookmarks some time after its last page.
/// </summary>
internal sealed record Walk
{
    public required Guid AccountId { get; init; }

    /// <summary>A version 7 GUID: a newer walk has a larger id.</summary>
    public required Guid Id { get; init; }

    /// <summary>
    /// Whether it stands for several readers, who cannot be told apart at its only bookmark. They share the bookmark
    /// and part there. Otherwise the walk has one reader.
    /// </summary>
    public bool IsShared { get; init; }

    /// <summary>The number of users when the walk began.</summary>
    public required int Total { get; init; }

    /// <summary>When the walk reached the end of the list; null if it has not, or if it is shared.</summary>
    public DateTime? EndedAt { get; init; }

    public required DateTime ExpiresAt { get; init; }

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

/// <summary>
/// The end of a page that was read: its last user, and the index of the next page. There is one for each place where a
/// reader may stand, however often the page is read, and it belongs to the walk that came there last.
/// </summary>
internal sealed class Bookmark
{
    public required Guid AccountId { get; init; }

    /// <summary>The hash of the query: filter and order, but not the page size.</summary>
    public required Guid Query { get; init; }

    public required int NextIndex { get; init; }

    public required Guid UserId { get; init; }

    /// <summary>The folded value that the user is sorted by. If it has changed, the one that comes first.</summary>
    public string? SortValue { get; init; }

    public required Guid WalkId { get; init; }

    /// <summary>When the walk came there.</summary>
    public required DateTime SavedAt { get; init; }

    public sealed class Configuration : IEntityTypeConfiguration<Bookmark>
    {
        public void Configure(EntityTypeBuilder<Bookmark> bookmark)
        {
            bookmark.ToTable("Bookmarks");
            bookmark.HasKey(b => new { b.AccountId, b.Query, b.NextIndex, b.UserId });
            bookmark.HasIndex(b => new { b.AccountId, b.WalkId });
        }
    }
}
