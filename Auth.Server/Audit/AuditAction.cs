namespace Auth.Server.Audit;

/// <summary>The audited actions. Their names are shown to people as words.</summary>
internal enum AuditAction
{
    SignIn,
    ConfirmIdentity,
    ChangePassword,
    AddSecondFactor,
    RemoveSecondFactor,
    RenewRecoveryCodes,
    SignOut,
    EndSessions,

    GenerateCredentials,
    StageCredentials,
    CheckCredentials,
    ActivateCredentials,
    RevokeCredentials,
    EndCredentials,
    ShowCredentials,
    AllowClient,
    DenyClient,

    AddPerson,
    DeactivatePerson,
    ReactivatePerson,
    CheckProvisioning,
    TestConnection,

    ListAdministrators,
    CreateAdministrator,
    InviteAdministrator,
    ResetPassword,
    ResetSecondFactors,
    WithdrawInvitation,
    AcceptInvitation,
    ChangeRole,
    RemoveAdministrator,

    AddWebhook,
    RemoveWebhook,

    CreateAccount,
    UpdateAccount,
    ListAccounts,
    ShowAccount,
    ViewAccount,

    AddManagementClient,
    ListManagementClients,
    RemoveManagementClient,

    AddResourceServer,
    RotateKeys,
    WithdrawKey,
    ListKeys,
    MigrateDatabase,
    ReadAuditLog,
}
