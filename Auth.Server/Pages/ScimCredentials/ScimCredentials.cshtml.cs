using Auth.Server.Accounts;
using Auth.Server.Credentials;
using Auth.Server.Data;
using Microsoft.AspNetCore.Mvc;

namespace Auth.Server.Pages.ScimCredentials;

/// <summary>
/// The account's credentials at a glance. Without any, the page is step 3 of the setup guide: the form that generates
/// them.
/// </summary>
internal sealed class ScimCredentialsModel(
    AccountRegister accounts, CredentialHistory history, AuthDbContext db, TimeProvider time)
    : CredentialPage(history, db)
{
    public const string Path = "/scim-credentials";

    /// <summary>How many entries of the history the page shows.</summary>
    private const int Recent = 5;

    public Account Account { get; private set; } = null!;

    /// <summary>What was just done on another page, as a sentence.</summary>
    [TempData]
    public string? Done { get; set; }

    public ExpiryWarning? Expiry { get; private set; }

    /// <summary>The form, if there are no credentials.</summary>
    public GenerateForm? Form { get; private set; }

    public CredentialProgress? Progress => Status.IsRotating || Status.Active is { FirstUsedAt: null }
        ? new(Status, Path)
        : null;

    public IReadOnlyList<TimelineEntry> Timeline => [.. TimelineEntry.Of(Status.Sets).Take(Recent)];

    public async Task<IActionResult> OnGet(CancellationToken cancellation)
    {
        await Load(cancellation);
        if (!Account.ScimEnabled)
            Response.StatusCode = StatusCodes.Status403Forbidden;
        return Page();
    }

    protected override IActionResult Live() => Partial("_Current", this);

    protected override async Task Load(CancellationToken cancellation)
    {
        await base.Load(cancellation);
        Account = await accounts.Get(Administrator.AccountId, cancellation);
        Expiry = ExpiryWarning.For(Status.Active, time.GetUtcNow().UtcDateTime);
        if (Status.New is null && Account.AllowsScim)
            Form = GenerateForm.Empty(Status);
    }
}
