using System.Globalization;
using System.Xml.Linq;
using Shared.Contracts;

namespace Auth.Server.Pages.Overview;

/// <summary>
/// Draws changes and refusals per day as SVG: two bars for each day. Its colours are in the style sheet, as a page may
/// contain no styles.
/// </summary>
internal static class ActivityChart
{
    private const int ColumnWidth = 30;
    private const int BarWidth = 11;
    private const int Top = 18;
    private const int Baseline = 128;
    private const int Height = 150;

    /// <summary>What the chart shows, in a sentence.</summary>
    public static string Describe(IReadOnlyList<PortalDay> days)
    {
        var (changes, refusals) = (days.Sum(day => (long)day.Changes), days.Sum(day => (long)day.Refusals));
        var busiest = days.MaxBy(day => day.Changes)!;
        var most = busiest.Changes > 0
            ? $" Most changes came on {DayAndMonth(busiest.Day)}: {Number(busiest.Changes)}."
            : "";
        return $"{Number(changes)} {(changes == 1 ? "change" : "changes")} and {Number(refusals)} refused "
            + $"{(refusals == 1 ? "request" : "requests")} in {days.Count} days.{most}";
    }

    /// <summary>The drawing of the days, the oldest on the left.</summary>
    public static XElement Draw(IReadOnlyList<PortalDay> days)
    {
        var max = days.Max(day => Math.Max(day.Changes, day.Refusals));
        var width = days.Count * ColumnWidth;
        return new(
            "svg",
            new XAttribute("class", "chart"),
            new XAttribute("viewBox", Text($"0 0 {width} {Height}")),
            new XAttribute("role", "img"),
            new XAttribute("aria-labelledby", "chart-title chart-description"),
            new XElement("title", new XAttribute("id", "chart-title"), "Changes and refused requests per day"),
            new XElement("desc", new XAttribute("id", "chart-description"), Describe(days)),
            Line(Top, width),
            new XElement("text", At("x", 0), At("y", Top - 5), Number(max)),
            days.Select((day, index) => Column(day, index, isLabelled: (days.Count - index) % 2 == 1, max)),
            Line(Baseline, width));
    }

    private static XElement Column(PortalDay day, int index, bool isLabelled, int max)
    {
        var x = index * ColumnWidth;
        var (left, right) = (x + (ColumnWidth / 2) - BarWidth, x + (ColumnWidth / 2));
        return new(
            "g",
            new XElement("title", Describe(day)),
            Bar("changed", left, day.Changes, max),
            Bar("refused", right, day.Refusals, max),
            isLabelled
                ? new XElement(
                    "text", new XAttribute("class", "day"), At("x", x + (ColumnWidth / 2)), At("y", Height - 4),
                    // The month follows where it begins.
                    day.Day.ToString(index <= 1 || day.Day.Day <= 2 ? "d MMM" : "%d", CultureInfo.InvariantCulture))
                : null);
    }

    private static XElement? Bar(string kind, int x, int number, int max)
    {
        if (number == 0)
            return null;
        // Even one among thousands can be seen.
        var height = Math.Max(2, (int)((long)number * (Baseline - Top) / max));
        return new(
            "rect", new XAttribute("class", kind), At("x", x), At("y", Baseline - height), At("width", BarWidth),
            At("height", height));
    }

    private static XElement Line(int y, int width) =>
        new("line", At("x1", 0), At("y1", y), At("x2", width), At("y2", y));

    private static string Describe(PortalDay day) =>
        $"{DayAndMonth(day.Day)}: {AtLeast(day)}{Number(day.Changes)} changed, {Number(day.Refusals)} refused";

    /// <summary>What precedes the numbers of a day with more events than were counted.</summary>
    public static string AtLeast(PortalDay day) => day.HasMore ? "at least " : "";

    /// <summary><c>24 November</c>.</summary>
    public static string DayAndMonth(DateOnly day) => day.ToString("d MMMM", CultureInfo.InvariantCulture);

    public static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static XAttribute At(string name, int value) => new(name, Text($"{value}"));

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
