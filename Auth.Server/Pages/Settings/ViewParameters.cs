using System.Collections.Immutable;
using System.Globalization;

namespace Auth.Server.Pages.Settings;

/// <summary>
/// The parameters in the address of a page that say what it shows of a list, so that a view can be bookmarked and sent
/// to a colleague. Empty ones are left out.
/// </summary>
internal sealed class ViewParameters
{
    private readonly ImmutableSortedDictionary<string, string> values;

    public ViewParameters(IQueryCollection query, IEnumerable<string> names) => values = names
        .Select(name => KeyValuePair.Create(name, $"{query[name]}".Trim()))
        .Where(value => value.Value.Length > 0)
        .ToImmutableSortedDictionary(StringComparer.Ordinal);

    private ViewParameters(ImmutableSortedDictionary<string, string> values) => this.values = values;

    /// <summary>The value of a parameter; null if it is absent.</summary>
    public string? this[string name] => values.GetValueOrDefault(name);

    public QueryString Query =>
        values.Aggregate(QueryString.Empty, (query, value) => query.Add(value.Key, value.Value));

    public bool HasAny(IEnumerable<string> names) => names.Any(values.ContainsKey);

    /// <summary>The parameters other than those with some names.</summary>
    public IEnumerable<KeyValuePair<string, string>> Except(IEnumerable<string> names) =>
        values.Where(value => !names.Contains(value.Key));

    /// <summary>The same view without some parameters, and with another value of one, if one is given.</summary>
    public ViewParameters With(IEnumerable<string> without, (string Name, string Value)? value = null)
    {
        var others = values.RemoveRange(without);
        return new(value is { } set ? others.SetItem(set.Name, set.Value) : others);
    }

    /// <summary>The day that a parameter names, as <c>2026-11-24</c>; null if it is absent.</summary>
    /// <exception cref="ProblemException">The value is not a date (400).</exception>
    public DateOnly? Day(string name) => this[name] is not { } text
        ? null
        : DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
            ? day
            : throw ProblemException.Invalid($"\"{text}\" is not a date. Write it as in 2026-11-24.");
}
