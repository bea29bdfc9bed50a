using Auth.Server.Credentials;
using Microsoft.Net.Http.Headers;

namespace Auth.Server.Management;

/// <summary>
/// The entity tag of a credential set: its state and, after a slash, when it was used or refused last, if it was. It is
/// weak; as in SCIM (RFC 7644 §3.14), and unlike RFC 9110 §13.1.1, <c>If-Match</c> takes it all the same, and looks at
/// the state only, so that a set in use can be named by it. No state ever comes back.
/// </summary>
internal static class StateTag
{
    public static string Of(CredentialSet set)
    {
        DateTime?[] news = [set.FirstUsedAt, set.LastUse?.At, set.LastRefusal?.At];
        return news.Max() is { } last ? $"W/\"{StateOf(set)}/{last.Ticks:x}\"" : $"W/\"{StateOf(set)}\"";
    }

    /// <summary>Whether the caller has seen the set as it is (<c>If-None-Match</c>).</summary>
    public static bool IsKnown(HttpRequest request, CredentialSet set)
    {
        var current = EntityTagHeaderValue.Parse(Of(set));
        return request.GetTypedHeaders().IfNoneMatch.Any(tag =>
            tag.Equals(EntityTagHeaderValue.Any) || tag.Compare(current, useStrongComparison: false));
    }

    /// <exception cref="ProblemException">The caller has seen the set in another state (<c>If-Match</c>;
    /// 412).</exception>
    public static void Require(HttpRequest request, CredentialSet set)
    {
        // What cannot be read is left out of the typed header; it must not count as no condition.
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
