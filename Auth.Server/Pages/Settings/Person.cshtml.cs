using Auth.Server.Audit;
using Auth.Server.Credentials;
using Auth.Server.Provisioning;
using Microsoft.AspNetCore.Mvc;
using Shared.Contracts;

namespace Auth.Server.Pages.Settings;

/// <summary>
/// Shows one person: all attributes and who set them, licences and history; and deactivates and reactivates by hand.
/// </summary>
internal sealed class PersonModel(ScimApi scim, CredentialHistory credentials, PendingActions pending) : ScimApiPage
{
    [FromRoute]
    public Guid Id { get; set; }

    /// <summary>Why the person is deactivated or reactivated.</summary>
    [BindProperty]
    public string? Reason { get; set; }

    [TempData]
    public string? Done { get; set; }

    /// <summary>Null if there is no such person, or if <c>Scim.Api</c> cannot be reached.</summary>
    public PortalUserDetails? Details { get; private set; }

    /// <summary>Why <see cref="Details"/> is null.</summary>
    public string? LoadRefusal { get; private set; }

    public override IReadOnlyList<PageError> Errors =>
        PageError.Of(Refusal ?? (IsMissing ? null : LoadRefusal));

    /// <summary>Whether there is no such person.</summary>
    public bool IsMissing { get; private set; }

    /// <summary>The newest events of the person.</summary>
    public PortalEvents Timeline { get; private set; } = new() { Events = [] };

    public EventText Text { get; private set; } = null!;

    /// <summary>The name of the identity provider, to begin a sentence.</summary>
    public string ProviderName { get; private set; } = IdentityProvider.Unknown.Name;

    /// <summary>Whether an identity provider has ever set anything of this person, and may do so again.</summary>
    public bool IsManaged => Details!.User.Source == UserSources.Scim
        || Details.Attributes.Any(attribute => attribute.CredentialSet is not null);

    public static string AddressOf(Guid id) => $"{UserManagementModel.Path}/{id}";

    /// <summary>Who set an attribute.</summary>
    public string SetterOf(PortalAttributeOrigin attribute) => attribute switch
    {
        { DerivedFrom: "name" } => "SciLeads, from first and last name",
        { DerivedFrom: { } source } => $"SciLeads, from {source}",
        { Administrator: { } administrator } => administrator,
        { CredentialSet: not null } => ProviderName,
        { ChangedAt: not null } => "SciLeads",
        _ => "not in the log any more",
    };

    public Task OnGet(CancellationToken cancellation) => Load(cancellation);

    public async Task<IActionResult> OnPostSetActive(bool active)
    {
        var reason = (Reason ?? "").Trim();
        if (reason.Length is 0 or > PortalUserActivation.MaxReason)
            throw ProblemException.Invalid($"Give a reason of 1 to {PortalUserActivation.MaxReason} characters.");
        var email = "";
        // The change continues if the browser disconnects.
        await pending.Record(
            Actor,
            active ? AuditAction.ReactivatePerson : AuditAction.DeactivatePerson,
            Administrator.AccountId,
            $"{Id}",
            $"Reason: {reason}",
            async () => email = (await scim.SetActive(
                Administrator, Id, new() { Active = active, Reason = reason })).Email);
        Done = $"{email} was {(active ? "reactivated" : "deactivated")}.";
        return LocalRedirect(AddressOf(Id));
    }

    protected override async Task Load(CancellationToken cancellation)
    {
        var sets = await credentials.List(Administrator.AccountId, cancellation);
        Text = new(sets.ToDictionary(set => set.Id));
        ProviderName = IdentityProvider.Of(sets).Name;
        try
        {
            Details = await scim.Get(Administrator, Id, cancellation);
            Timeline = await scim.Events(
                Administrator,
                QueryString.Create("user", $"{Id}").Add("userName", Details.User.Email),
                cancellation);
        }
        catch (ProblemException refusal)
        {
            (Response.StatusCode, LoadRefusal) = (StatusOf(refusal), refusal.Message);
            IsMissing = refusal.Status == StatusCodes.Status404NotFound;
        }
    }
}
