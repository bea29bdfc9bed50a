using System.Net;

namespace Auth.Server.Provisioning;

/// <summary>What the setup guide says about refusals: its troubleshooting and its table of error codes.</summary>
internal static class GuideRemedies
{
    /// <summary>If the credentials are forbidden everything.</summary>
    public const string ScimNotEnabled = "SCIM not enabled: contact SciLeads support to enable SCIM for your account.";

    /// <summary>If a user cannot be created although the credentials are accepted.</summary>
    public const string LicenseLimits =
        "License limits: check if your SciLeads account has available user licenses.";

    /// <summary>What the table of error codes says about a status.</summary>
    public static string Of(HttpStatusCode status) => status switch
    {
        HttpStatusCode.BadRequest => "Bad Request: check attribute values and format.",
        HttpStatusCode.Unauthorized => "Unauthorized: regenerate API credentials.",
        HttpStatusCode.Forbidden => "Forbidden: verify account permissions and SCIM access.",
        HttpStatusCode.NotFound => "User Not Found: the user may have been deleted; re-provision.",
        HttpStatusCode.Conflict => "Conflict: a user with this email already exists.",
        HttpStatusCode.TooManyRequests => "Rate Limited: reduce provisioning frequency.",
        >= HttpStatusCode.InternalServerError =>
            "SciLeads cannot process the request at the moment. Identity providers try again by themselves.",
        _ => "The response is not what identity providers expect. Write to support@scileads.com.",
    };

    /// <summary>What to do if there was no response.</summary>
    public static string Unreachable(string? reason) =>
        $"Network issues: the server that provisions people did not respond ({reason}). Try again in a minute.";
}
