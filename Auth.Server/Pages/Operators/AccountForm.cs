using System.Globalization;
using System.Text.Json;
using Auth.Server.Accounts;

namespace Auth.Server.Pages.Operators;

/// <summary>
/// The settings of an account as a form shows and sends them. The form also sends what it showed, so that only what its
/// operator has changed is changed, whatever somebody else has done in the meantime.
/// </summary>
internal sealed record AccountForm
{
    private static readonly char[] separators = ['\r', '\n', ',', ' '];

    public bool ScimEnabled { get; init; }

    public bool Suspended { get; init; }

    /// <summary>One in each line.</summary>
    public string? Domains { get; init; }

    /// <summary>One in each line, as <c>portal=100</c>.</summary>
    public string? Licences { get; init; }

    public string? AttributeRules { get; init; }

    /// <summary>Requests per second; empty for no limit.</summary>
    public string? RateLimit { get; init; }

    public bool RestoreInactive { get; init; }

    public bool RequireSecondFactor { get; init; }

    public bool OmitPagination { get; init; }

    public static AccountForm Of(Account account) => new()
    {
        ScimEnabled = account.ScimEnabled,
        Suspended = account.Suspended,
        Domains = string.Join('\n', account.Domains),
        Licences = string.Join('\n', account.Licences.OrderBy(licence => licence.Product, StringComparer.Ordinal)
            .Select(licence => string.Create(CultureInfo.InvariantCulture, $"{licence.Product}={licence.Seats}"))),
        AttributeRules = account.AttributeRules,
        RateLimit = account.RateLimit?.ToString(CultureInfo.InvariantCulture),
        RestoreInactive = account.RestoreInactive,
        RequireSecondFactor = account.RequireSecondFactor,
        OmitPagination = account.OmitPagination,
    };

    /// <summary>Reads what a form showed, as written by <see cref="ToJson"/>.</summary>
    /// <exception cref="ProblemException">It is not that (400).</exception>
    public static AccountForm Parse(string? json)
    {
        try
        {
            return JsonSerializer.Deserialize<AccountForm>(json ?? "null") ?? throw OutOfDate();
        }
        catch (JsonException)
        {
            throw OutOfDate();
        }
    }

    public string ToJson() => JsonSerializer.Serialize(this);

    /// <summary>What is different from the settings that the form showed.</summary>
    /// <exception cref="ProblemException">Nothing is, or something cannot be read (400).</exception>
    public AccountChange ChangesSince(AccountForm shown, string reason)
    {
        var (domains, licences, rateLimit) = (Lines(Domains), ReadLicences(), ReadRateLimit());
        var change = new AccountChange(
            Changed(ScimEnabled, shown.ScimEnabled),
            Changed(Suspended, shown.Suspended),
            domains.SequenceEqual(Lines(shown.Domains)) ? null : domains,
            licences.Except(shown.ReadLicences()).ToDictionary() is { Count: > 0 } changed ? changed : null,
            AttributeRules == shown.AttributeRules ? null : AttributeRules,
            Changed(rateLimit, shown.ReadRateLimit()),
            Changed(RestoreInactive, shown.RestoreInactive),
            Changed(RequireSecondFactor, shown.RequireSecondFactor),
            Changed(OmitPagination, shown.OmitPagination));
        return change == new AccountChange()
            ? throw ProblemException.Invalid("You have changed nothing.")
            : change with { Reason = reason };
    }

    private static T? Changed<T>(T value, T shown)
        where T : struct => value.Equals(shown) ? null : value;

    private static string[] Lines(string? text) => (text ?? "").Split(
        separators, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private Dictionary<string, int> ReadLicences()
    {
        var licences = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var line in Lines(Licences))
        {
            licences[line.Split('=')[0]] = line.Split('=') is [_, var seats]
                && int.TryParse(seats, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                    ? number
                    : throw ProblemException.Invalid(
                        $"\"{line}\" is not a valid licence. Write PRODUCT=SEATS, such as portal=100.");
        }
        return licences;
    }

    // 0 is no limit, as for AccountChange.
    private int ReadRateLimit() => string.IsNullOrWhiteSpace(RateLimit)
        ? 0
        : int.TryParse(RateLimit, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit > 0
            ? limit
            : throw ProblemException.Invalid(
                $"\"{RateLimit}\" is not a valid rate limit. Write a number of requests per second, or nothing.");

    private static ProblemException OutOfDate() =>
        ProblemException.Invalid("This form was out of date. Nothing was changed. Open the account again.");
}
