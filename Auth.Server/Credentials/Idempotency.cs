namespace Auth.Server.Credentials;

/// <summary>
/// Makes a transition happen once for a caller who may ask for it again because the answer was lost. Both steps run in
/// the transaction of the transition.
/// </summary>
/// <param name="Check">Runs when the account's row is locked and nothing has changed. It throws if it was done
/// before.</param>
/// <param name="Record">
/// Runs when all has changed, with the set, what is shown of it once, and the number of the event that reports it, if
/// any.
/// </param>
internal sealed record Idempotency(Func<Task> Check, Func<IssuedCredentials, long?, Task> Record);

/// <summary>A credential set just made, with what is shown once and kept nowhere.</summary>
internal sealed record IssuedCredentials(CredentialSet Set, string? Token, string? ClientSecret);
