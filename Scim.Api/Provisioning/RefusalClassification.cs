using Shared.Contracts;

namespace Scim.Api.Provisioning;

/// <summary>
/// The cause of a refusal, by its status and the words of its reason. Events do not store it, so that a cause can be
/// added for old events as well.
/// </summary>
internal static class RefusalClassification
{
    /// <summary>One of <see cref="RefusalCauses"/>.</summary>
    public static string CauseOf(int status, string? reason)
    {
        bool Says(string words) => reason?.Contains(words, StringComparison.OrdinalIgnoreCase) == true;
        return status switch
        {
            401 => RefusalCauses.Token,
            403 when Says("No seat") => RefusalCauses.Seats,
            403 when Says("not enabled") => RefusalCauses.ScimDisabled,
            403 => RefusalCauses.Forbidden,
            404 => RefusalCauses.NotFound,
            409 => RefusalCauses.Conflict,
            412 => RefusalCauses.Version,
            429 => RefusalCauses.RateLimit,
            501 => RefusalCauses.Groups,
            503 => RefusalCauses.Unavailable,
            400 when Says("not allowed") => RefusalCauses.Domain,
            400 when Says("is required") => RefusalCauses.Required,
            _ => RefusalCauses.Invalid,
        };
    }
}
