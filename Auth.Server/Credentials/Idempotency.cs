namespace Auth.Server.Credentials;

/// <summary>
/// Makes a transition idempotent for a caller who may retry it because the response was lost. Both steps run in the
/// transaction of the transition.
/// </summary>
/// <param name="Check">
/// Runs when the account's row is locked and nothing has changed. Throws if the transition was done before.
/// </param>
/// <param name="Record">
/// Runs after all changes, with the set, its secret or token, and the number of the event that
/// announces it, if there is one.
/// </param>
internal sealed record Idempotency(Func<Task> Check, Func<IssuedCredentials, long?, Task> Record);

/// <summary>A new credential set with its secret or token, which is shown once and not stored.</summary>
internal sealed record IssuedCredentials(CredentialSet Set, string? Token, string? ClientSecret);
