using Auth.Server.Credentials;
using Microsoft.Net.Http.Headers;

namespace Auth.Server.Management;

/// <summary>
/// The entity tag of a credential set: weak, and of its state only, so that a set in use can be named by it. As in SCIM
/// (RFC 7644 §3.14), and unlike RFC 9110 §13.1.1, <c>If-Match</c> takes it all the same. No state ever comes back.
/// </summary>
internal static class StateTag
{
    public static string Of(CredentialSet set) => set.State switch
    {
        CredentialSetState.Staged => "W/\"staged\"",
        CredentialSetState.Active when set.ConfirmedAt is null => "W/\"active\"",
        CredentialSetState.Active => "W/\"active-confirmed\"",
        _ => "W/\"ended\"",
    };

    /// <summary>Whether the caller has seen the set in this state (<c>If-None-Match</c>).</summary>
    public static bool IsKnown(HttpRequest request, CredentialSet set) =>
        request.GetTypedHeaders().IfNoneMatch.Any(tag => Matches(tag, set));

    /// <exception cref="ProblemException">The caller has seen the set in another state (<c>If-Match</c>; 412).</exception>
    public static void Require(HttpRequest request, CredentialSet set)
    {
        var seen = request.GetTypedHeaders().IfMatch;
        if (seen.Count > 0 && !seen.Any(tag => Matches(tag, set)))
        {
            throw new ProblemException(
                StatusCodes.Status412PreconditionFailed,
                $"The credential set is {set.State.ToString().ToLowerInvariant()}, which is not what If-Match says.");
        }
    }

    private static bool Matches(EntityTagHeaderValue tag, CredentialSet set) =>
        tag.Equals(EntityTagHeaderValue.Any) || tag.Compare(EntityTagHeaderValue.Parse(Of(set)), useStrongComparison: false);
}
