using System.Security.Cryptography;
using System.Text;
using Auth.Server.Connect;
using Auth.Server.Credentials;
using Auth.Server.Data;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Auth.Server.Pages.ScimCredentials;

/// <summary>
/// The state of an account's credential sets at one moment. Everything is derived from one query, and whatever shows it
/// is replaced as a whole, so that a page never contradicts itself.
/// </summary>
internal sealed class CredentialStatus
{
    /// <summary>For how long a call with the old set counts as its use.</summary>
    private static readonly TimeSpan countedFor = TimeSpan.FromDays(1);

    private readonly DateTime now;

    private CredentialStatus(IReadOnlyList<CredentialSet> sets, DateTime now)
    {
        (Sets, this.now) = (sets, now);
        Active = sets.FirstOrDefault(set => set.State == CredentialSetState.Active);
        Staged = sets.FirstOrDefault(set => set.State == CredentialSetState.Staged);
        var activated = sets.Where(set => set.Generation is not null).OrderByDescending(set => set.Generation).ToList();
        Last = Active is null ? activated.FirstOrDefault() : null;
        New = Staged ?? Active;
        Old = Staged is not null ? Active : activated.FirstOrDefault(set => set.Generation < Active?.Generation);
    }

    /// <summary>All sets, the newest first.</summary>
    public IReadOnlyList<CredentialSet> Sets { get; }

    public CredentialSet? Active { get; }

    public CredentialSet? Staged { get; }

    /// <summary>The set that was active last, if none is active.</summary>
    public CredentialSet? Last { get; }

    /// <summary>The set that takes over, or did so last: the staged or, without one, the active one.</summary>
    public CredentialSet? New { get; }

    /// <summary>The set that <see cref="New"/> replaces or has replaced; null if there is none.</summary>
    public CredentialSet? Old { get; }

    /// <summary>
    /// When the client of the new set last obtained an access token, UTC; null if never, or if the set is in use.
    /// </summary>
    public DateTime? TokenObtainedAt { get; private init; }

    /// <summary>The last call with the old set, after it ended, that was refused.</summary>
    public Use? UseOfOld =>
        Staged is null && Old?.LastRefusal is { } refusal && refusal.At >= Active?.ActivatedAt ? refusal : null;

    /// <summary>
    /// Whether the old set is used although the new one should be: while the new one is not in use or, if it is, within
    /// the last day.
    /// </summary>
    public bool IsOldStillUsed => UseOfOld is { } refusal
        && (Active!.FirstUsedAt is not { } firstUse || (refusal.At > firstUse && refusal.At > now - countedFor));

    /// <summary>Whether a rotation is in progress: the new set is not in use yet, or the old one still is.</summary>
    public bool IsRotating =>
        Staged is not null || (Active is not null && Old is not null && (Active.FirstUsedAt is null || IsOldStillUsed));

    /// <summary>Whether something is about to change that the page should show by itself.</summary>
    public bool IsWaiting => New is not null && (IsRotating || New.FirstUsedAt is null || New.ConfirmedAt is null);

    /// <summary>Changes whenever something changes that is shown.</summary>
    public string Version => WebEncoders.Base64UrlEncode(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join(
        '.',
        new[] { New, Old }.Select(set =>
            $"{set?.Id} {set?.State} {set?.ConfirmedAt:O} {set?.FirstUsedAt:O} {set?.LastUse?.At:O} "
            + $"{set?.LastRefusal?.At:O} {set?.EndedAt:O}")
            .Append($"{TokenObtainedAt:O}")))));

    public static async Task<CredentialStatus> Of(
        Guid accountId, CredentialHistory history, AuthDbContext db, CancellationToken cancellation)
    {
        var sets = await history.List(accountId, cancellation);
        var now = history.Now;
        var unused = new CredentialStatus(sets, now).New is { ClientId: not null, FirstUsedAt: null } set ? set : null;
        return new(sets, now)
        {
            TokenObtainedAt = unused is null
                ? null
                : await db.Set<Token>().Where(
                    token => token.CredentialSetId == unused.Id && token.Type == TokenTypeIdentifiers.AccessToken)
                    .MaxAsync(token => token.CreationDate, cancellation),
        };
    }
}
