using Auth.Server.Credentials;
using OpenIddict.Abstractions;
using Shared.Contracts;

namespace Auth.Server.Connect;

/// <summary>
/// A code or token that was issued, with everything that decides whether it is valid or that introspection returns.
/// </summary>
internal sealed record KnownToken
{
    /// <summary>The OpenIddict transaction property with the introspected token.</summary>
    public const string Property = "Auth.Server.Connect.KnownToken";

    /// <summary>A token type identifier (RFC 8693 §3) or one of OpenIddict's own.</summary>
    public required string? Type { get; init; }

    /// <summary>One of OpenIddict's statuses.</summary>
    public required string? Status { get; init; }

    /// <summary>UTC.</summary>
    public required DateTime? ExpiresAt { get; init; }

    /// <summary>The key that signed the token or, for a code or refresh token, encrypted it.</summary>
    public required string? KeyId { get; init; }

    public required bool KeyWithdrawn { get; init; }

    /// <summary>The status of the token's grant; null if it has none.</summary>
    public required string? GrantStatus { get; init; }

    /// <summary>
    /// Whether the token's grant was replaced by a newer one, which the client must then refresh with.
    /// </summary>
    public required bool GrantReplaced { get; init; }

    /// <summary>
    /// The id of the subject token that was exchanged for this one (RFC 8693); null if there was none.
    /// </summary>
    public required Guid? SubjectTokenId { get; init; }

    /// <summary>The subject token; null if there was none, or if its row was deleted.</summary>
    public KnownToken? Subject { get; init; }

    /// <summary>
    /// The credential set that the token was issued under; null for tokens of the portal and the management API.
    /// </summary>
    public required IssuingSet? CredentialSet { get; init; }

    /// <summary>The administrator's session behind a token of the portal; it ends with the session.</summary>
    public required IssuingSession? Session { get; init; }

    /// <summary>The account of the credential set or the session.</summary>
    public required AccountPolicy? Account { get; init; }

    /// <summary>
    /// The last contact of the node that asks, read together with the token; null if the node is not known, or
    /// may be about to be retired.
    /// </summary>
    public DateTime? NodeLastSeen { get; init; }

    /// <summary>Whether the account may provision.</summary>
    public bool AllowsScim => Account is { ScimEnabled: true, Suspended: false };

    /// <summary>
    /// Whether the token itself is valid at a given time: neither it nor its grant was revoked or
    /// redeemed, and it has not expired.
    /// </summary>
    public bool IsValid(DateTime now) =>
        Status == OpenIddictConstants.Statuses.Valid
        && GrantStatus is (null or OpenIddictConstants.Statuses.Valid)
        && !(ExpiresAt <= now)
        && HasLiveSubject(now);

    /// <summary>Whether the subject token, if there is one, is still valid at a given time.</summary>
    public bool HasLiveSubject(DateTime now) =>
        SubjectTokenId is null || (Subject is { KeyWithdrawn: false } subject && subject.IsValid(now));

    /// <summary>
    /// Whether the token's credential set (which may be staged) or session is still usable at a given time.
    /// </summary>
    public bool IsUsable(DateTime now) =>
        (CredentialSet is not { } set
            || Credentials.CredentialSet.IsUsable(set.State, set.ExpiresAt, set.ActivateBefore, now))
        && (Session is not { } session || (!session.Ended && session.ExpiresAt > now));

    /// <summary>A credential set, as <see cref="Credentials.CredentialSet"/> describes it.</summary>
    internal sealed record IssuingSet(
        Guid Id,
        CredentialSetState State,
        DateTime? ExpiresAt,
        long? Generation,
        string Method,
        Activation? Activation,
        DateTime? ActivateBefore,
        bool Confirmed);

    /// <summary>An administrator's session, and who the administrator is.</summary>
    internal sealed record IssuingSession(
        Guid Id, bool Ended, DateTime ExpiresAt, Guid AdministratorId, string AdministratorEmail, bool ReadOnly);
}
