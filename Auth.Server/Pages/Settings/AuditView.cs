using Auth.Server.Audit;

namespace Auth.Server.Pages.Settings;

/// <summary>What the audit log shows: a search, filters and a page.</summary>
internal sealed class AuditView
{
    public const string Search = "search";
    public const string By = "by";
    public const string Topic = "topic";
    public const string Outcome = "outcome";
    public const string From = "from";
    public const string To = "to";

    private const string Before = "before";
    private const string After = "after";
    private const int LongestText = 254;

    private static readonly string[] filters = [Search, By, Topic, Outcome, From, To];
    private static readonly string[] positions = [Before, After];

    private readonly ViewParameters values;

    public AuditView(IQueryCollection query) => values = new(query, [.. filters, .. positions]);

    private AuditView(ViewParameters values) => this.values = values;

    /// <summary>The value of a parameter; null if it is absent.</summary>
    public string? this[string name] => values[name];

    public bool IsFiltered => values.HasAny(filters);

    public bool IsFirstPage => !values.HasAny(positions);

    /// <summary>Whether it is the page before another one, whose newer entries are selected.</summary>
    public bool IsPrevious => values[After] is not null;

    public string Address => AuditLogModel.Path + values.Query;

    /// <summary>The same view, but all pages, as a file.</summary>
    public string CsvAddress => AuditLogModel.Path + First().values.Query.Add("handler", "Csv");

    public AuditView First() => new(values.With(positions));

    public AuditView OlderThan(AuditEntry entry) => new(values.With(positions, (Before, $"{entry.Id}")));

    public AuditView NewerThan(AuditEntry entry) => new(values.With(positions, (After, $"{entry.Id}")));

    /// <summary>Selects the entries of an account that this shows.</summary>
    /// <exception cref="ProblemException">A value is invalid (400).</exception>
    public AuditQuery QueryOf(Guid account, AuditText text) => new()
    {
        AccountId = account,
        Since = values.Day(From)?.ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc),
        Until = values.Day(To) is { } last && last < DateOnly.MaxValue
            ? last.AddDays(1).ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc)
            : null,
        By = Text(By),
        Actions = values[Topic] is { } topic ? AuditText.ActionsOf(topic) : null,
        Outcome = Enum.TryParse<AuditOutcome>(values[Outcome], out var outcome) ? outcome : null,
        Search = Text(Search),
        Found = Text(Search) is { } search ? text.Find(search) : [],
        Before = Id(Before),
        After = Id(After),
    };

    private string? Text(string name) => values[name] is { } text ? Printable.Of(text, LongestText) : null;

    private long? Id(string name) => long.TryParse(values[name], out var id) ? id : null;
}
