using Auth.Server.Accounts;
using Auth.Server.Credentials;
using Auth.Server.Pages.Settings;
using Auth.Server.Provisioning;
using Shared.Contracts;

namespace Auth.Server.Pages.Overview;

/// <summary>
/// Says whether provisioning works, and shows credentials, seats, refusals and recent activity. The figures come from
/// <c>Scim.Api</c>; while it cannot be reached, the page says so and shows the rest.
/// </summary>
internal sealed class IndexModel(
    AccountRegister accounts, CredentialHistory history, ScimApi scim) : PortalPage
{
    public Connection Connection { get; private set; } = null!;

    /// <summary>Null while <c>Scim.Api</c> cannot be reached; <see cref="FiguresRefusal"/> says why.</summary>
    public PortalOverview? Figures { get; private set; }

    public string? FiguresRefusal { get; private set; }

    public Headline Headline { get; private set; } = null!;

    public ExpiryWarning? Expiry { get; private set; }

    public Account Account => Connection.Account;

    /// <summary>The steps of the setup guide, until they are done.</summary>
    public SetupChecklist? Checklist => SetupChecklist.Of(Connection, Figures);

    /// <summary>How long the credentials are still valid, and the tone of its badge.</summary>
    public (string Text, string Tone) Validity => Connection switch
    {
        { Active.ExpiresAt: { } end } => (
            DaysLeft((int)Math.Ceiling((end - Connection.Now).TotalDays)),
            Expiry is null ? "good" : Expiry.IsUrgent ? "error" : "warning"),
        { Active: not null } => ("Do not expire", "good"),
        { Staged: not null } => ("Not active yet", "warning"),
        { Previous.EndReason: null or CredentialSetEnd.Expired } => ("Expired", "error"),
        { Previous: not null } => ("Ended", "error"),
        _ => ("None yet", "warning"),
    };

    public Task OnGet(CancellationToken cancellation) => Load(cancellation);

    protected override async Task Load(CancellationToken cancellation)
    {
        try
        {
            Figures = await scim.Overview(Administrator, cancellation);
        }
        // The rest of the page is useful without the figures.
        catch (ProblemException refusal)
        {
            FiguresRefusal = refusal.Message;
        }

        var account = await accounts.Get(Administrator.AccountId, cancellation);
        Connection = await Connection.Read(account, history, Figures?.LastCall, cancellation);
        Expiry = ExpiryWarning.For(Connection.Active, Connection.Now);
        Headline = Headline.Of(Connection, Figures, FiguresRefusal);
    }

    private static string DaysLeft(int days) => days == 1 ? "1 day left" : $"{days} days left";
}
