using Shared.Contracts;

namespace Auth.Server.Provisioning;

/// <summary>What a refusal means for an administrator.</summary>
/// <param name="Rule">The rule that decided, as a sentence.</param>
/// <param name="Remedy">One thing to do.</param>
internal sealed record RefusalExplanation(string Rule, Remedy Remedy)
{
    /// <summary>Explains a refused event by its status and the words of its reason.</summary>
    public static RefusalExplanation Of(PortalEvent refusal)
    {
        bool Says(string words) => refusal.Reason?.Contains(words, StringComparison.OrdinalIgnoreCase) == true;
        return refusal.Status switch
        {
            401 => new(
                "A request needs a token of the active credentials.",
                new("Generate new credentials, and enter them at your identity provider.", Diagnosis.Credentials)),
            403 when Says("No seat") => new(
                "An active person needs a seat of each product that new people receive.",
                new("Deactivate somebody who does not need a seat, or ask support@scileads.com for more.",
                    $"{Diagnosis.Users}#seats")),
            403 when Says("not enabled") => new(
                "SCIM must be enabled for the account.",
                new("Ask support@scileads.com to enable it.", Diagnosis.Support)),
            403 => new(
                "The caller must be allowed to do this.", new("Write to support@scileads.com.", Diagnosis.Support)),
            404 => new(
                "A person can be changed only while they exist.",
                new("Remove the person from the app at your identity provider, and assign them again.",
                    Diagnosis.Users)),
            409 => new(
                "No two people have the same user name or work e-mail address.",
                new("Look for the person who has it already.", SearchFor(refusal))),
            412 => new(
                "A change applies only to the version that the caller has seen.",
                new("Nothing: your identity provider sends the change again.", Diagnosis.Log)),
            429 => new(
                "An account may send a limited number of requests per second.",
                new("Nothing: your identity provider sends the request again.", Diagnosis.Log)),
            501 => new(
                "Groups are not supported.",
                new("Turn off pushing groups at your identity provider.", Diagnosis.Log)),
            503 => new(
                "SciLeads could not be sure of the answer.",
                new("Nothing: your identity provider sends the request again.", Diagnosis.Log)),
            400 when Says("not allowed") => new(
                "E-mail addresses must be on one of the allowed domains.",
                new("Correct the address at your identity provider, or ask support@scileads.com to allow the domain.",
                    $"{Diagnosis.Users}#domains")),
            400 when Says("is required") => new(
                "User name, first name and last name are required.",
                new("Fill in the attribute at your identity provider, and look whether it is mapped.",
                    SearchFor(refusal))),
            _ => new(
                "A request must follow the rules of SCIM and of the account.",
                new("Correct the value at your identity provider. It sends it again with the next change.",
                    SearchFor(refusal))),
        };
    }

    private static string SearchFor(PortalEvent refusal) => refusal.UserName is null
        ? Diagnosis.Log
        : $"{Diagnosis.Users}?search={Uri.EscapeDataString(refusal.UserName)}";
}
