using Auth.Server.Credentials;
using Microsoft.Net.Http.Headers;

namespace Auth.Server.Management;

/// <summary>
/// The entity tag of a credential set: its state, then a slash and the time of its last use or refusal, if there was
/// one. The tag is weak. As in SCIM (RFC 7644 §3.14), and unlike RFC 9110 §13.1.1, <c>If-Match</c> accepts it all the
/// same, and compares only the state, so that a set can be changed while it is in use. No state ever comes back.
/// </summary>
internal static class CredentialSetETag
{
    public static string For(CredentialSet set)
    {
        DateTime?[] times = [set.FirstUsedAt, set.LastUse?.At, set.LastRefusal?.At];
        return times.Max() is { } last ? $"W/\"{StateOf(set)}/{last.Ticks:x}\"" : $"W/\"{StateOf(set)}\"";
    }

    /// <summary>Whether <c>If-None-Match</c> has the current tag: the caller knows the set as it is.</summary>
    public static bool MatchesIfNoneMatch(HttpRequest request, CredentialSet set)
    {
        var current = EntityTagHeaderValue.Parse(For(set));
        return request.GetTypedHeaders().IfNoneMatch.Any(tag =>
            tag.Equals(EntityTagHeaderValue.Any) || tag.Compare(current, useStrongComparison: false));
    }

    /// <exception cref="ProblemException">The set is in another state than <c>If-Match</c> says (412).</exception>
    public static void RequireIfMatch(HttpRequest request, CredentialSet set)
    {
        // The typed header leaves out tags that it cannot parse; a header with such tags is still a condition.
        if (request.Headers.IfMatch.Count > 0 && !request.GetTypedHeaders().IfMatch.Any(tag => IsState(tag, set)))
        {
            throw new ProblemException(
                StatusCodes.Status412PreconditionFailed,
                $"The credential set is {set.State.ToString().ToLowerInvariant()}, which is not what If-Match says.");
        }
    }

    private static bool IsState(EntityTagHeaderValue tag, CredentialSet set) =>
        tag.Equals(EntityTagHeaderValue.Any) || tag.Tag.Value!.Trim('"').Split('/')[0] == StateOf(set);

    private static string StateOf(CredentialSet set) => set.State switch
    {
        CredentialSetState.Staged => "staged",
        CredentialSetState.Active when set.ConfirmedAt is null => "active",
        CredentialSetState.Active => "active-confirmed",
        _ => "ended",
    };
}
