using System.Globalization;
using Scim.Api.Protocol.Messages;

namespace Scim.Api.Protocol.Paging;

/// <summary>
/// Which part of a list is asked for (RFC 7644 §3.4.2.4): counted from 1; a start before that is 1, a negative count 0,
/// and a count above the most that is given is that.
/// </summary>
internal sealed record Page(int StartIndex, int Count)
{
    public const int DefaultCount = 100;
    public const int MaxCount = 500;

    public static Page First { get; } = new(1, DefaultCount);

    /// <summary>Binds an endpoint's parameter.</summary>
    public static ValueTask<Page> BindAsync(HttpContext context) => new(new Page(
        Math.Max(1, Read(context.Request.Query, "startIndex") ?? 1),
        Math.Clamp(Read(context.Request.Query, "count") ?? DefaultCount, 0, MaxCount)));

    // Numbers beyond int are as good as the largest one.
    private static int? Read(IQueryCollection query, string name)
    {
        if (!query.TryGetValue(name, out var values) || string.IsNullOrWhiteSpace(values[0]))
            return null;
        return decimal.TryParse(values[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? (int)Math.Clamp(number, int.MinValue, int.MaxValue)
            : throw new ScimException(ScimError.InvalidValue($"{name} must be an integer, not \"{values[0]}\"."));
    }
}
