using Auth.Server.Accounts;
using Auth.Server.Audit;
using Auth.Server.Connect;
using Auth.Server.Credentials;
using Shared.Contracts;

namespace Auth.Server.Provisioning;

/// <summary>
/// Tests an account's connection: sends to <c>Scim.Api</c> what Okta and Entra ID send, with a token of the account's
/// active credential set that is marked as a test. It counts neither as a use of the set nor in any figure.
/// </summary>
internal sealed class ConnectionTests(
    AccountRegister accounts,
    CredentialHistory credentials,
    PendingActions pending,
    TokenIssuer tokens,
    HttpClient http,
    TimeProvider time)
{
    // Shorter than PendingActions.Abandoned, so that no second run begins during the first.
    private static readonly TimeSpan longestRun = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan tokenLifetime = TimeSpan.FromSeconds(90);

    /// <summary>
    /// Runs all steps. It does not end when the browser disconnects, so that the temporary user is always deleted.
    /// </summary>
    /// <exception cref="ProblemException">
    /// There are no active credentials, or a test is in progress (409); or the account does not exist (404).
    /// </exception>
    public async Task<IReadOnlyList<ConnectionTestStep>> Run(Guid accountId, Actor actor)
    {
        var account = await accounts.Get(accountId, CancellationToken.None);
        var set = await credentials.FindActive(accountId, CancellationToken.None)
            ?? throw ProblemException.Conflict("There are no active credentials to test. Generate credentials first.");
        IReadOnlyList<ConnectionTestStep> steps = [];
        await pending.RecordAlone(
            actor,
            AuditAction.TestConnection,
            accountId,
            $"{set.Id}",
            "A connection test of this account is in progress. Try again in a minute.",
            async () =>
            {
                steps = await Run(account, set);
                return $"{set.Id}";
            });
        return steps;
    }

    private async Task<IReadOnlyList<ConnectionTestStep>> Run(Account account, CredentialSet set)
    {
        var token = await tokens.Issue(
            account.Id,
            set.ClientId ?? set.Id.ToString(),
            [Scopes.Scim, Scopes.ConnectionTest],
            (time.GetUtcNow() + tokenLifetime).UtcDateTime,
            (IssuedUnder.CredentialSet, set.Id.ToString()));
        using var limit = new CancellationTokenSource(longestRun, time);
        var run = new ConnectionTestRun(http, token, account.Domains.FirstOrDefault() ?? "example.com", limit.Token);
        return await run.Run();
    }
}
