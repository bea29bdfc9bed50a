using Auth.Server.Administrators;
using Auth.Server.Audit;
using Auth.Server.Connect;
using Auth.Server.Credentials;

namespace Auth.Server.Pages.Settings;

/// <summary>Audit entries in plain language, with names instead of ids.</summary>
/// <param name="sets">The account's credential sets.</param>
internal sealed class AuditText(IReadOnlyList<CredentialSet> sets)
{
    private const string SigningIn = "Signing in";
    private const string Credentials = "Credentials";
    private const string People = "People";
    private const string Administrators = "Administrators";
    private const string Notices = "Notices";
    private const string Account = "Account";
    private const string Clients = "Management clients";

    private static readonly Dictionary<AuditAction, Phrase> phrases = new()
    {
        [AuditAction.SignIn] = new(SigningIn, "sign", "signed", "in"),
        [AuditAction.ConfirmIdentity] = new(SigningIn, "confirm", "confirmed", "their identity"),
        [AuditAction.ChangePassword] = new(SigningIn, "change", "changed", "their password"),
        [AuditAction.AddSecondFactor] = new(SigningIn, "add", "added", "a second factor"),
        [AuditAction.RemoveSecondFactor] = new(SigningIn, "remove", "removed", "a second factor"),
        [AuditAction.RenewRecoveryCodes] = new(SigningIn, "create", "created", "new recovery codes"),
        [AuditAction.SignOut] = new(SigningIn, "sign", "signed", "out"),
        [AuditAction.EndSessions] = new(SigningIn, "end", "ended", "all sessions of {0}", "sessions of their own"),

        [AuditAction.GenerateCredentials] = new(Credentials, "generate", "generated", "the {0}", "credentials"),
        [AuditAction.StageCredentials] = new(Credentials, "stage", "staged", "the {0}", "credentials"),
        [AuditAction.CheckCredentials] = new(Credentials, "check", "checked", "the {0}", "a token or secret"),
        [AuditAction.ActivateCredentials] = new(Credentials, "activate", "activated", "the {0}", "credentials"),
        [AuditAction.RevokeCredentials] = new(Credentials, "revoke", "revoked", "the {0}", "credentials"),
        [AuditAction.EndCredentials] = new(Credentials, "end", "ended", "the {0}", "credentials"),
        [AuditAction.ShowCredentials] = new(Credentials, "look at", "looked at", "the credentials"),
        [AuditAction.AllowClient] = new(
            Credentials, "give", "gave", "access to the identity provider with the {0}", "access to a client"),
        [AuditAction.DenyClient] = new(
            Credentials, "deny", "denied", "access to the identity provider with the {0}", "access to a client"),

        [AuditAction.AddPerson] = new(People, "add", "added", "{0}", "a person"),
        [AuditAction.DeactivatePerson] = new(People, "deactivate", "deactivated", "{0}", "a person"),
        [AuditAction.ReactivatePerson] = new(People, "reactivate", "reactivated", "{0}", "a person"),
        [AuditAction.CheckProvisioning] = new(People, "find out", "found out", "why a person is not provisioned"),
        [AuditAction.TestConnection] = new(People, "test", "tested", "the connection"),

        [AuditAction.ListAdministrators] = new(Administrators, "list", "listed", "the administrators"),
        [AuditAction.CreateAdministrator] = new(
            Administrators, "create", "created", "the administrator {0}", "an administrator"),
        [AuditAction.InviteAdministrator] = new(
            Administrators, "invite", "invited", "{0} to become an administrator", "an administrator"),
        [AuditAction.ResetPassword] = new(
            Administrators, "create", "created", "a link with which {0} can set a new password",
            "a link to set a new password"),
        [AuditAction.ResetSecondFactors] = new(
            Administrators, "remove", "removed", "the second factors of {0}", "second factors"),
        [AuditAction.WithdrawInvitation] = new(
            Administrators, "withdraw", "withdrew", "the invitation of {0}", "an invitation"),
        [AuditAction.AcceptInvitation] = new(Administrators, "accept", "accepted", "the invitation"),
        [AuditAction.ChangeRole] = new(Administrators, "change", "changed", "the role of {0}", "a role"),
        [AuditAction.RemoveAdministrator] = new(
            Administrators, "remove", "removed", "the administrator {0}", "an administrator"),

        [AuditAction.AddWebhook] = new(Notices, "add", "added", "a webhook to {0}", "a webhook"),
        [AuditAction.RemoveWebhook] = new(Notices, "remove", "removed", "the webhook to {0}", "a webhook"),

        [AuditAction.CreateAccount] = new(Account, "create", "created", "the account {0}", "an account"),
        [AuditAction.UpdateAccount] = new(Account, "change", "changed", "the settings of the account"),
        [AuditAction.ListAccounts] = new(Account, "list", "listed", "accounts"),
        [AuditAction.ShowAccount] = new(Account, "look at", "looked at", "the settings of the account"),
        [AuditAction.ViewAccount] = new(Account, "look at", "looked at", "the account"),
        [AuditAction.ReadAuditLog] = new(Account, "read", "read", "the audit log"),

        [AuditAction.AddManagementClient] = new(
            Clients, "add", "added", "the management client {0}", "a management client"),
        [AuditAction.ListManagementClients] = new(Clients, "list", "listed", "the management clients"),
        [AuditAction.RemoveManagementClient] = new(
            Clients, "remove", "removed", "the management client {0}", "a management client"),
    };

    /// <summary>What the page can be limited to.</summary>
    public static IEnumerable<string> Topics { get; } = phrases.Values.Select(phrase => phrase.Topic).Distinct();

    /// <summary>The actions of a topic.</summary>
    public static IReadOnlyCollection<AuditAction> ActionsOf(string topic) =>
        [.. phrases.Where(phrase => phrase.Value.Topic == topic).Select(phrase => phrase.Key)];

    /// <summary>Whether an action can be put into words. Others do not concern an account.</summary>
    public static bool Covers(AuditAction action) => phrases.ContainsKey(action);

    /// <summary>The ids of the credential sets whose names contain a text.</summary>
    public IReadOnlyCollection<string> Find(string text) =>
    [
        .. sets.Where(set => Portal.DescribeSecret(set).Contains(text, StringComparison.OrdinalIgnoreCase))
            .SelectMany(set => new[] { $"{set.Id}", set.ClientId }).OfType<string>(),
    ];

    /// <summary>Who acted; a Unix user on the command line is not named.</summary>
    public static string ActorOf(AuditEntry entry) => Portal.Capitalize(new Actor(
        entry.ActorKind,
        entry.ActorKind == ActorKind.Client ? Client.NameIn(entry.ActorName) : entry.ActorName).DisplayName);

    /// <summary>What happened: <c>ada@example.com invited bob@example.com to become an administrator.</c></summary>
    public string SentenceOf(AuditEntry entry)
    {
        var (actor, phrase) = (ActorOf(entry), phrases[entry.Action]);
        var what = SubjectOf(entry) is { } subject
            ? phrase.About.Replace("{0}", subject, StringComparison.Ordinal)
            : phrase.Otherwise ?? phrase.About;
        return entry.Outcome switch
        {
            AuditOutcome.Done => $"{actor} {phrase.Did} {what}.",
            AuditOutcome.Refused => $"{actor} tried to {phrase.Do} {what}, and was refused.",
            _ => $"{actor} tried to {phrase.Do} {what}. It is not known whether that was done.",
        };
    }

    /// <summary>The subject by its name; null if it has none.</summary>
    public string? SubjectOf(AuditEntry entry) => entry switch
    {
        { About: null } => null,
        { Action: AuditAction.AddManagementClient or AuditAction.RemoveManagementClient } =>
            Client.NameIn(entry.About),
        _ when sets.FirstOrDefault(set => $"{set.Id}" == entry.About || set.ClientId == entry.About) is { } set =>
            Portal.DescribeSecret(set),
        _ => IsNameless(entry) ? null : entry.About,
    };

    /// <summary>What was changed, or why it was refused.</summary>
    public string? DetailOf(AuditEntry entry) => entry.Detail is not { } detail ? null : sets.Aggregate(
        detail,
        (text, set) => text.Replace($"{set.Id}", $"the {Portal.DescribeSecret(set)}", StringComparison.Ordinal));

    /// <summary>Where the person is shown whom an entry is about; null if it is about none.</summary>
    public static string? PersonAddressOf(AuditEntry entry) =>
        entry.About is not { } about || phrases[entry.Action].Topic != People ? null
        : Guid.TryParse(about, out var id) ? PersonModel.AddressOf(id)
        : UserManagementModel.AddressOfSearch(about);

    /// <summary>The address and, for people, the browser; null for SciLeads' staff.</summary>
    public static string? OriginOf(AuditEntry entry) => entry switch
    {
        { ActorKind: ActorKind.Administrator, Address: { } address } =>
            $"{address}, {Visitor.Describe(entry.UserAgent)}",
        { ActorKind: ActorKind.Client } => entry.Address,
        _ => null,
    };

    // An id that was typed or that names what is not there, or the client of another account.
    private static bool IsNameless(AuditEntry entry) =>
        Guid.TryParse(entry.About, out _) || phrases[entry.Action].Topic == Credentials;

    /// <param name="Topic">What the action has to do with.</param>
    /// <param name="Do">The verb.</param>
    /// <param name="Did">Its past.</param>
    /// <param name="About">What is done to the subject, which replaces <c>{0}</c>.</param>
    /// <param name="Otherwise">The same, if the subject is not known.</param>
    private sealed record Phrase(string Topic, string Do, string Did, string About, string? Otherwise = null);
}
