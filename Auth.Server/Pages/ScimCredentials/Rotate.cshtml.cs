using Auth.Server.Accounts;
using Auth.Server.Connect;
using Auth.Server.Credentials;
using Auth.Server.Data;
using Auth.Server.Pages.Security;
using Microsoft.AspNetCore.Mvc;
using OpenIddict.Abstractions;

namespace Auth.Server.Pages.ScimCredentials;

/// <summary>
/// Replaces the credentials by new ones of the same kind, in three steps that the page shows as they are completed.
/// The form that activates a staged set names the set that the administrator saw; if it is no longer staged, the
/// response says who changed it and when (409).
/// </summary>
[RecentSignIn(OnlyForms = true)]
internal sealed class RotateModel(
    AccountRegister accounts,
    CredentialSets sets,
    CredentialHistory history,
    ClientManager clients,
    AuthDbContext db,
    TimeProvider time)
    : CredentialPage(history, db)
{
    public const string Path = "/scim-credentials/rotate";

    /// <summary>For how long a rotation that is complete is shown before the page offers the next one.</summary>
    private static readonly TimeSpan shownFor = TimeSpan.FromDays(1);

    /// <summary>Whether the administrator wants to rotate again.</summary>
    [FromQuery(Name = "again")]
    public bool Again { get; set; }

    [TempData]
    public string? Done { get; set; }

    public CredentialProgress Progress => new(Status, Path);

    /// <summary>Whether the page shows a rotation; otherwise, it begins one.</summary>
    public bool ShowsProgress => (Status.IsRotating && !(Again && CanRotateAgain))
        || (!Again && Status.Old is not null && Status.Active?.ActivatedAt > time.GetUtcNow().UtcDateTime - shownFor);

    /// <summary>Whether the new credentials are in use, although somebody may still use the old ones.</summary>
    public bool CanRotateAgain => Status is { Staged: null, Active.FirstUsedAt: not null };

    /// <summary>The form of the first step; null if the client has its own keys, which must be entered.</summary>
    public GenerateForm? Form { get; private set; }

    public async Task<IActionResult> OnGet(CancellationToken cancellation)
    {
        await Load(cancellation);
        return Status.New is null ? LocalRedirect(ScimCredentialsModel.Path) : Page();
    }

    public async Task<IActionResult> OnPostActivate(Guid set, CancellationToken cancellation)
    {
        var activated = await sets.Activate(Administrator.AccountId, set, Actor, once: null, cancellation);
        Done = $"The staged credentials are active now: the {Portal.DescribeSecret(activated.Result)}.";
        return LocalRedirect(Path);
    }

    protected override IActionResult Live() =>
        Status.New is null ? new NoContentResult() : Partial("_Progress", Progress);

    protected override async Task Load(CancellationToken cancellation)
    {
        await base.Load(cancellation);
        if (Status.Active is { } active
            && (await accounts.Get(Administrator.AccountId, cancellation)).AllowsScim
            && active.LastFour.Length > 0)
        {
            Form = await FormLike(active, cancellation);
        }
    }

    /// <summary>The form that generates a set like another one.</summary>
    private async Task<GenerateForm> FormLike(CredentialSet set, CancellationToken cancellation)
    {
        var form = GenerateForm.Empty(Status);
        form.Method = set.Method;
        var days = (int?)(set.ExpiresAt - set.CreatedAt)?.TotalDays;
        if (set.ClientId is not { } clientId)
        {
            form.LifetimeDays = days ?? form.LifetimeDays;
            return form;
        }

        var client = (await clients.FindByClientIdAsync(clientId, cancellation))!;
        form.SecretLifetimeDays = days;
        form.OtherRedirectUris = string.Join('\n', await clients.GetRedirectUrisAsync(client, cancellation));
        form.ClientCredentialsOnly = form.OtherRedirectUris.Length == 0;
        form.RequirePkce = await clients.HasRequirementAsync(
            client, OpenIddictConstants.Requirements.Features.ProofKeyForCodeExchange, cancellation);
        return form;
    }
}
