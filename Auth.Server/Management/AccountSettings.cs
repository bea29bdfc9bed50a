using System.CommandLine;
using System.Globalization;
using Auth.Server.Accounts;
using Shared.Contracts;

namespace Auth.Server.Management;

/// <summary>The options that the commands <c>create</c> and <c>update</c> share.</summary>
internal sealed class AccountSettings
{
    /// <summary>The value for "no limit".</summary>
    public const string None = "none";

    private readonly Option<string?> scim = new("--scim")
    {
        Description = "Whether identity providers may provision.",
    };

    private readonly Option<string?> suspended = new("--suspended")
    {
        Description = "Whether identity providers are refused, and the portal is read-only.",
    };

    private readonly Option<string?> domains = new("--domains")
    {
        Description = "Allowed e-mail domains, separated by commas; empty allows all.",
    };

    private readonly Option<string[]> licences = new("--licence") { Description = "PRODUCT=SEATS; can be repeated." };
    private readonly Option<string?> rules = new("--attribute-rules")
    {
        Description = "Which rules apply to attributes.",
    };

    private readonly Option<string?> rateLimit = new("--rate-limit")
    {
        Description = "SCIM requests per second in the long run, at least 25, or none for no limit.",
    };

    private readonly Option<string?> restoreInactive = new("--restore-inactive")
    {
        Description = "Whether creating a user restores the inactive user with the same userName or externalId.",
    };

    private readonly Option<string?> omitPagination = new("--omit-pagination")
    {
        Description =
            "Whether /ServiceProviderConfig omits pagination (RFC 9865), which strict older clients reject.",
    };

    private readonly Option<string?> requireSecondFactor = new("--require-second-factor")
    {
        Description = "Whether administrators must have a passkey or an authenticator app.",
    };

    public AccountSettings()
    {
        scim.AcceptOnlyFromAmong("on", "off");
        suspended.AcceptOnlyFromAmong("on", "off");
        restoreInactive.AcceptOnlyFromAmong("on", "off");
        omitPagination.AcceptOnlyFromAmong("on", "off");
        requireSecondFactor.AcceptOnlyFromAmong("on", "off");
        rules.AcceptOnlyFromAmong(AttributeRuleSets.Guide, AttributeRuleSets.Rfc);
        licences.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(token => ParseLicence(token.Value) is null))
                result.AddError($"\"{token.Value}\" is not a valid licence. Write PRODUCT=SEATS, such as portal=100.");
        });
        rateLimit.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(token => ParseRateLimit(token.Value) is null))
            {
                result.AddError(
                    $"\"{token.Value}\" is not a valid rate limit. Write a number of requests per second, or none.");
            }
        });
    }

    public Command AddTo(Command command)
    {
        foreach (var option in new Option[]
        {
            scim, suspended, domains, licences, rules, rateLimit, restoreInactive, requireSecondFactor, omitPagination,
        })
        {
            command.Options.Add(option);
        }

        return command;
    }

    public AccountChange Read(ParseResult parsed) => new(
        Switch(parsed.GetValue(scim)),
        Switch(parsed.GetValue(suspended)),
        parsed.GetValue(domains)?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
        parsed.GetValue(licences)?.Select(text => ParseLicence(text)!.Value)
            .GroupBy(licence => licence.Product).ToDictionary(same => same.Key, same => same.Last().Seats),
        parsed.GetValue(rules),
        parsed.GetValue(rateLimit) is { } limit ? ParseRateLimit(limit) : null,
        Switch(parsed.GetValue(restoreInactive)),
        Switch(parsed.GetValue(requireSecondFactor)),
        Switch(parsed.GetValue(omitPagination)));

    private static bool? Switch(string? value) => value is null ? null : value == "on";

    // Internally, 0 means no limit; operators write "none" instead.
    private static int? ParseRateLimit(string text) =>
        text == None ? 0
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number
        : null;

    private static (string Product, int Seats)? ParseLicence(string text) =>
        text.Split('=') is [var product, var seats]
        && int.TryParse(seats, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? (product, number)
            : null;
}
