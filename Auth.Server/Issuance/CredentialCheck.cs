using Auth.Server.Audit;
using Auth.Server.Credentials;
using Auth.Server.Operations;

namespace Auth.Server.Issuance;

/// <summary>
/// Checks whether a secret or token belongs to a staged set, without using it. During a rotation, this shows before the
/// cut-over that the new secret arrived where it is needed.
/// </summary>
internal sealed class CredentialCheck(CredentialHistory history, TokenCheck tokens, Operation operation)
{
    /// <summary>Checks a client secret, a direct JWT or an access token against a staged set.</summary>
    /// <exception cref="ProblemException">
    /// The set is not staged (409), or the text is not its secret or one of its tokens (400).
    /// </exception>
    public async Task<CredentialSet> Check(
        Guid accountId, Guid setId, string secretOrToken, Actor actor, CancellationToken cancellation) =>
        (await operation.Run(
        actor,
        AuditAction.CheckCredentials,
        accountId,
        async work =>
        {
            work.Entry.About = $"{setId}";
            var set = await history.Get(accountId, setId, cancellation);
            if (set.State != CredentialSetState.Staged)
                throw ProblemException.Conflict("These credentials are not staged, so there is nothing to check.");
            var verdict = await tokens.Identify(accountId, secretOrToken, cancellation);
            return verdict is { Finding: TokenFinding.Staged, HadSpaces: false } && verdict.Set!.Id == setId
                ? set
                : throw ProblemException.Invalid(
                    "This is neither the secret nor a valid token of the staged credentials.");
        },
        cancellation)).Result;
}
