using Auth.Server.Accounts;
using Auth.Server.Administrators;
using Auth.Server.Audit;
using Auth.Server.Connect;
using Auth.Server.Credentials;
using Auth.Server.Issuance;
using Auth.Server.KeyLifecycle;

namespace Auth.Server.Tests;

/// <summary>Operations with the arguments that most tests use: any actor, and no idempotency key.</summary>
internal static class TestOperations
{
    /// <summary>An actor with this name.</summary>
    public static Actor Actor(string name = "a test") => new(ActorKind.Administrator, name);

    public static async Task<IssuedCredentials> Generate(
        this CredentialIssuer issuer, NewCredentialSet wanted, CancellationToken cancellation) =>
        (await issuer.Generate(wanted, once: null, cancellation)).Result;

    public static async Task<CredentialSet> Activate(
        this CredentialSets sets, Guid account, Guid set, string by, CancellationToken cancellation) =>
        (await sets.Activate(account, set, Actor(by), once: null, cancellation)).Result;

    public static Task Revoke(
        this CredentialSets sets, Guid account, Guid set, string by, CancellationToken cancellation) =>
        sets.Revoke(account, set, Actor(by), once: null, cancellation);

    public static Task<CredentialSet> Check(
        this CredentialCheck check, Guid account, Guid set, string secret, CancellationToken cancellation) =>
        check.Check(account, set, secret, Actor(), cancellation);

    public static Task<Account> Create(
        this AccountRegister accounts, string name, AccountChange settings, CancellationToken cancellation) =>
        accounts.Create(name, settings, Auth.Server.Audit.Actor.Server, cancellation);

    public static Task<Account> Update(
        this AccountRegister accounts, Guid id, AccountChange change, CancellationToken cancellation) =>
        accounts.Update(id, change, Auth.Server.Audit.Actor.Server, cancellation);

    public static Task<Administrator> Create(
        this AdministratorRegister register,
        Guid account,
        string email,
        string password,
        CancellationToken cancellation) =>
        register.Create(account, email, password, readOnly: false, Auth.Server.Audit.Actor.Server, cancellation);

    public static Task<int> SignOut(
        this AdministratorRegister register, string email, CancellationToken cancellation) =>
        register.SignOut(new(email), Auth.Server.Audit.Actor.Server, cancellation);

    public static Task<IssuedInvitation> Invite(
        this Invitations invitations, Guid account, string email, string by, CancellationToken cancellation) =>
        invitations.Invite(account, email, readOnly: false, Actor(by), cancellation);

    public static Task<IssuedInvitation> ResetPassword(
        this Invitations invitations, string email, string by, CancellationToken cancellation) =>
        invitations.ResetPassword(new(email), Actor(by), cancellation);

    public static Task Accept(
        this Invitations invitations, string code, string password, CancellationToken cancellation) =>
        invitations.Accept(code, password, new Visitor(), cancellation);

    public static Task Rotate(this KeyRotation keys, CancellationToken cancellation) =>
        keys.Rotate(Auth.Server.Audit.Actor.Server, cancellation);

    public static Task<Withdrawal> Withdraw(this KeyRotation keys, string id, CancellationToken cancellation) =>
        keys.Withdraw(id, Auth.Server.Audit.Actor.Server, cancellation);

    public static Task Add(this ResourceServers servers, string name, string jwks, CancellationToken cancellation) =>
        servers.Add(name, jwks, replace: false, Auth.Server.Audit.Actor.Server, cancellation);
}
