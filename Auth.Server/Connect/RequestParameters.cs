using System.Collections.Immutable;
using System.Text.RegularExpressions;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Auth.Server.Connect;

/// <summary>
/// The parameters that each endpoint and grant type reads. All others are ignored, as are parameters without a value
/// (RFC 6749 §3.1, §3.2). A parameter that is read must not be repeated.
/// </summary>
internal static partial class RequestParameters
{
    /// <summary>The prefix of a <c>request_uri</c> that refers to a pushed request (RFC 9126 §2.2).</summary>
    public const string PushedRequestPrefix = "urn:ietf:params:oauth:request_uri:";

    // In characters. Limited because pushed requests are stored.
    private const int LongestRequest = 64 * 1024;

    private static readonly string[] clientAuthentication =
    [
        Parameters.ClientId, Parameters.ClientSecret, Parameters.ClientAssertion, Parameters.ClientAssertionType,
    ];

    private static readonly string[] authorization =
    [
        Parameters.ClientId, Parameters.CodeChallenge, Parameters.CodeChallengeMethod, Parameters.Prompt,
        Parameters.RedirectUri, Parameters.Request, Parameters.RequestUri, Parameters.Resource, Parameters.ResponseMode,
        Parameters.ResponseType, Parameters.Scope, Parameters.State,
    ];

    private static readonly string[] exchange =
    [
        Parameters.ActorToken, Parameters.ActorTokenType, Parameters.Audience, Parameters.RequestedTokenType,
        Parameters.Resource, Parameters.Scope, Parameters.SubjectToken, Parameters.SubjectTokenType,
    ];

    /// <summary>
    /// Whether an authorization request refers to a pushed one, which replaces all its other parameters.
    /// </summary>
    public static bool IsPushed(OpenIddictRequest request) =>
        request.RequestUri?.StartsWith(PushedRequestPrefix, StringComparison.Ordinal) == true;

    /// <summary>All non-empty values of a parameter.</summary>
    public static ImmutableArray<string> ValuesOf(OpenIddictParameter? parameter) =>
        [.. ((ImmutableArray<string?>?)parameter ?? []).OfType<string>().Where(value => value.Length > 0)];

    private static string[] ReadAt(OpenIddictServerEndpointType endpoint, OpenIddictRequest request) => endpoint switch
    {
        OpenIddictServerEndpointType.Authorization when IsPushed(request) =>
            [Parameters.ClientId, Parameters.RequestUri],
        OpenIddictServerEndpointType.Authorization => authorization,
        OpenIddictServerEndpointType.PushedAuthorization => [.. authorization, .. clientAuthentication],
        OpenIddictServerEndpointType.Token =>
            [Parameters.GrantType, .. clientAuthentication, .. ReadFor(request.GrantType)],
        OpenIddictServerEndpointType.Revocation =>
            [Parameters.Token, Parameters.TokenTypeHint, .. clientAuthentication],
        OpenIddictServerEndpointType.Introspection =>
        [
            Parameters.Token, Parameters.TokenTypeHint, .. clientAuthentication,
            Shared.Contracts.TokenIntrospection.Parameters.Node,
            Shared.Contracts.TokenIntrospection.Parameters.NodeName,
            Shared.Contracts.TokenIntrospection.Parameters.ClientAddress,
            Shared.Contracts.TokenIntrospection.Parameters.ClientUserAgent,
        ],
        _ => throw new InvalidOperationException($"No parameters are known for {endpoint}."),
    };

    private static string[] ReadFor(string? grantType) => grantType switch
    {
        GrantTypes.ClientCredentials => [Parameters.Resource, Parameters.Scope],
        GrantTypes.AuthorizationCode =>
            [Parameters.Code, Parameters.CodeVerifier, Parameters.RedirectUri, Parameters.Resource],
        GrantTypes.RefreshToken => [Parameters.RefreshToken, Parameters.Resource, Parameters.Scope],
        GrantTypes.TokenExchange => exchange,
        _ => [],
    };

    // RFC 8707 §2, RFC 8693 §2.1.
    private static bool MayRepeat(string name) => name is Parameters.Resource or Parameters.Audience;

    /// <summary>
    /// Allows several scope parameters in an authorization request, which are merged: Okta's administrators append
    /// <c>scope=offline_access</c> to the authorize URL, and Okta appends its own.
    /// </summary>
    private static bool MayMerge(string name, OpenIddictServerEndpointType endpoint) => name == Parameters.Scope
        && endpoint is OpenIddictServerEndpointType.Authorization or OpenIddictServerEndpointType.PushedAuthorization;

    /// <summary>
    /// Removes ignored parameters. Returns the first parameter that is repeated although it must not be.
    /// </summary>
    private static (string Name, int Times)? Normalize(OpenIddictRequest request, OpenIddictServerEndpointType endpoint)
    {
        var read = ReadAt(endpoint, request).ToHashSet(StringComparer.Ordinal);
        (string, int)? repeated = null;
        foreach (var (name, value) in request.GetParameters().ToArray())
        {
            var values = ValuesOf(value);
            if (!read.Contains(name) || values.Length == 0)
                request.RemoveParameter(name);
            else if (values.Length == 1)
                request.SetParameter(name, values[0]);
            else if (MayMerge(name, endpoint))
                request.Scope = string.Join(
                    ' ', values.SelectMany(scope => scope.Split(' ')).Distinct(StringComparer.Ordinal));
            else if (!MayRepeat(name))
                repeated ??= (name, values.Length);
        }
        return repeated;
    }

    /// <summary>The name of a malformed PKCE parameter. RFC 7636 §4.1, §4.2: 43 to 128 unreserved characters.</summary>
    private static string? MalformedProofKey(OpenIddictRequest request) =>
        new[] { Parameters.CodeChallenge, Parameters.CodeVerifier }
            .FirstOrDefault(name => (string?)request[name] is { } value && !ProofKey().IsMatch(value));

    [GeneratedRegex("^[A-Za-z0-9._~-]{43,128}\\z")]
    private static partial Regex ProofKey();

    /// <summary>RFC 6749 §3.3. PostgreSQL refuses U+0000.</summary>
    [GeneratedRegex(@"^[\x20\x21\x23-\x5B\x5D-\x7E]*\z")]
    private static partial Regex ScopeCharacters();

    /// <summary>Enforces these rules for the requests of an endpoint.</summary>
    internal sealed class Check<TContext> : IOpenIddictServerHandler<TContext>
        where TContext : BaseValidatingContext
    {
        public ValueTask HandleAsync(TContext context)
        {
            if (context.Transaction.Request is not { } request)
                return ValueTask.CompletedTask;
            var length = request.GetParameters()
                .Sum(parameter => ValuesOf(parameter.Value).Sum(value => value.Length));
            if (length > LongestRequest)
                context.Reject(Errors.InvalidRequest, $"The request has more than {LongestRequest / 1024} kilobytes.");
            else if (Normalize(request, context.EndpointType) is var (name, times))
                context.Reject(Errors.InvalidRequest, $"The parameter {name} was sent {times} times; send it once.");
            else if (MalformedProofKey(request) is { } malformed)
                context.Reject(
                    Errors.InvalidRequest,
                    $"The {malformed} must have 43 to 128 letters, digits or characters of -._~.");
            else if (request.Scope is { } scope && !ScopeCharacters().IsMatch(scope))
                context.Reject(Errors.InvalidScope, "The scope has characters that are not allowed.");
            return ValueTask.CompletedTask;
        }
    }
}
