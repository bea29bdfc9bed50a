using Shared.Contracts;

namespace Auth.Server.Provisioning;

/// <summary>What a refusal means for an administrator.</summary>
/// <param name="Rule">The rule that decided, as a sentence.</param>
/// <param name="Remedy">One thing to do.</param>
internal sealed record RefusalExplanation(string Rule, Remedy Remedy)
{
    /// <summary>Whether nothing needs to be done: the identity provider sends the request again.</summary>
    public bool IsRetried { get; private init; }

    /// <summary>Explains a refused event.</summary>
    public static RefusalExplanation Of(PortalEvent refusal) => Of(refusal.Cause, refusal.UserName);

    /// <summary>Explains a cause, which is one of <see cref="RefusalCauses"/>.</summary>
    /// <param name="cause">The cause; an unknown one is explained in general.</param>
    /// <param name="userName">The user whom the refused requests are about; null if there are several.</param>
    public static RefusalExplanation Of(string? cause, string? userName) => cause switch
    {
        RefusalCauses.Token => new(
            "A request needs a token of the active credentials.",
            new("Enter the current credentials at your identity provider, or generate new ones.",
                Diagnosis.Credentials)),
        RefusalCauses.Seats => new(
            "An active person needs a seat of each product that new people receive.",
            new("Deactivate somebody who does not need a seat, or ask support@scileads.com for more.",
                $"{Diagnosis.Users}#seats")),
        RefusalCauses.ScimDisabled => new(
            "SCIM must be enabled for the account.",
            new("Ask support@scileads.com to enable it.", Diagnosis.Support)),
        RefusalCauses.Forbidden => new(
            "The caller must be allowed to do this.", new("Write to support@scileads.com.", Diagnosis.Support)),
        RefusalCauses.NotFound => new(
            "A person can be changed only while they exist.",
            new("Remove the person from the app at your identity provider, and assign them again.",
                Diagnosis.Users)),
        RefusalCauses.Conflict => new(
            "No two people have the same user name or work e-mail address.",
            new("Look for the person who has it already.", SearchFor(userName))),
        RefusalCauses.Version => new(
            "A change applies only to the version that the caller has seen.",
            new("Nothing: your identity provider sends the change again.", Diagnosis.Log)) { IsRetried = true },
        RefusalCauses.RateLimit => new(
            "An account may send a limited number of requests per second.",
            new("Nothing: your identity provider sends the request again.", Diagnosis.Log)) { IsRetried = true },
        RefusalCauses.Groups => new(
            "Groups are not supported.",
            new("Turn off pushing groups at your identity provider.", Diagnosis.Log)),
        RefusalCauses.Unavailable => new(
            "SciLeads could not be sure of the answer.",
            new("Nothing: your identity provider sends the request again.", Diagnosis.Log)) { IsRetried = true },
        RefusalCauses.Domain => new(
            "E-mail addresses must be on one of the allowed domains.",
            new("Correct the address at your identity provider, or ask support@scileads.com to allow the domain.",
                $"{Diagnosis.Users}#domains")),
        RefusalCauses.Required => new(
            "User name, first name and last name are required.",
            new("Fill in the attribute at your identity provider, and look whether it is mapped.",
                SearchFor(userName))),
        _ => new(
            "A request must follow the rules of SCIM and of the account.",
            new("Correct the value at your identity provider. It sends it again with the next change.",
                SearchFor(userName))),
    };

    private static string SearchFor(string? userName) => userName is null
        ? $"{Diagnosis.Log}?outcome={ProvisioningOutcomes.Refused}"
        : $"{Diagnosis.Users}?search={Uri.EscapeDataString(userName)}";
}
