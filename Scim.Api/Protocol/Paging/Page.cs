namespace Scim.Api.Protocol.Paging;

/// <summary>
/// The requested part of a list (RFC 7644 §3.4.2.4). The start is at least 1, and the count between 0 and
/// <see cref="MaxCount"/>; other values are adjusted.
/// </summary>
internal sealed record Page(int StartIndex, int Count)
{
    public const int DefaultCount = 100;
    public const int MaxCount = 500;

    public static Page First { get; } = Of(null, null);

    public static Page Of(int? startIndex, int? count) =>
        new(Math.Max(1, startIndex ?? 1), Math.Clamp(count ?? DefaultCount, 0, MaxCount));
}
