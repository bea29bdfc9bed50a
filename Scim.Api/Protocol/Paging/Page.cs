namespace Scim.Api.Protocol.Paging;

/// <summary>
/// Which part of a list is asked for (RFC 7644 §3.4.2.4): counted from 1; a start before that is 1, a negative count 0,
/// and a count above the most that is given is that.
/// </summary>
internal sealed record Page(int StartIndex, int Count)
{
    public const int DefaultCount = 100;
    public const int MaxCount = 500;

    public static Page First { get; } = Of(null, null);

    public static Page Of(int? startIndex, int? count) =>
        new(Math.Max(1, startIndex ?? 1), Math.Clamp(count ?? DefaultCount, 0, MaxCount));
}
