using Auth.Server.Credentials;
using OpenIddict.Abstractions;
using Shared.Contracts;

namespace Auth.Server.Connect;

/// <summary>
/// A code or token that was issued, with whatever decides whether it is good, and all that introspection tells of it.
/// </summary>
internal sealed record KnownToken
{
    /// <summary>Under which name a transaction of OpenIddict's carries the token that is introspected.</summary>
    public const string Property = "Auth.Server.Connect.KnownToken";

    /// <summary>A token type identifier (RFC 8693 §3) or one of OpenIddict's own.</summary>
    public required string? Type { get; init; }

    /// <summary>One of OpenIddict's statuses.</summary>
    public required string? Status { get; init; }

    /// <summary>UTC.</summary>
    public required DateTime? ExpiresAt { get; init; }

    /// <summary>The key that signed the token or, of a code or refresh token, encrypted it.</summary>
    public required string? KeyId { get; init; }

    public required bool KeyWithdrawn { get; init; }

    /// <summary>The status of the token's family; null if it has none.</summary>
    public required string? FamilyStatus { get; init; }

    /// <summary>Whether the client was allowed anew since: it then refreshes with what it got for that.</summary>
    public required bool FamilyReplaced { get; init; }

    /// <summary>The id of the token that this one was exchanged for (RFC 8693); null if it was not exchanged.</summary>
    public required Guid? SubjectTokenId { get; init; }

    /// <summary>The token that this one was exchanged for; null if there is none, or if its row is gone.</summary>
    public KnownToken? Subject { get; init; }

    /// <summary>
    /// The credential set the token was issued under; null for the portal's and the management API's.
    /// </summary>
    public required IssuingSet? CredentialSet { get; init; }

    /// <summary>The administrator's session behind a token of the portal; it ends with the session.</summary>
    public required IssuingSession? Session { get; init; }

    /// <summary>Whose the credential set or the administrator is.</summary>
    public required AccountPolicy? Account { get; init; }

    /// <summary>
    /// When the node that asks about the token was last heard of, as it was when the token was read; null if it is not
    /// known, or may be about to be forgotten.
    /// </summary>
    public DateTime? NodeLastSeen { get; init; }

    /// <summary>Whether the account provisions at all.</summary>
    public bool AllowsScim => Account is { ScimEnabled: true, Suspended: false };

    /// <summary>
    /// Whether the token itself is good at a time: not revoked or redeemed, alone or with its family, and not expired.
    /// </summary>
    public bool IsValid(DateTime now) =>
        Status == OpenIddictConstants.Statuses.Valid
        && FamilyStatus is (null or OpenIddictConstants.Statuses.Valid)
        && !(ExpiresAt <= now)
        && HasLiveSubject(now);

    /// <summary>Whether the token that this one was exchanged for, if any, is still good at a time.</summary>
    public bool HasLiveSubject(DateTime now) =>
        SubjectTokenId is null || (Subject is { KeyWithdrawn: false } subject && subject.IsValid(now));

    /// <summary>
    /// Whether what the token was issued under is good at a time: its credential set, which may be staged, or its
    /// session.
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
        Guid Id, bool Ended, DateTime ExpiresAt, Guid AdministratorId, string AdministratorEmail);
}
