using Auth.Server.Provisioning;
using Microsoft.AspNetCore.Mvc;

namespace Auth.Server.Pages.Settings;

/// <summary>Explains why a person is not provisioned, for an e-mail address.</summary>
internal sealed class WhyModel(Diagnoses diagnoses) : PortalPage
{
    public const string Path = UserManagementModel.Path + "/why";

    [FromQuery(Name = "email")]
    public string? Email { get; set; }

    /// <summary>The explanation; null until an address is given.</summary>
    public Diagnosis? Result { get; private set; }

    public static string AddressOf(string email) => Path + QueryString.Create("email", email);

    /// <summary>What a link of a remedy leads to.</summary>
    public static string NameOf(string link) => link switch
    {
        _ when link.StartsWith("mailto:", StringComparison.Ordinal) => "Write an e-mail",
        _ when link.StartsWith("/scim-credentials", StringComparison.Ordinal) => "SCIM Credentials",
        _ when link.StartsWith("/settings/provisioning-log", StringComparison.Ordinal) => "Provisioning Log",
        _ => "User Management",
    };

    public async Task OnGet(CancellationToken cancellation)
    {
        if (!string.IsNullOrWhiteSpace(Email))
            Result = await diagnoses.Diagnose(Administrator.AccountId, Email, cancellation);
    }
}
