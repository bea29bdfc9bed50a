using Microsoft.AspNetCore.Http.Features;
using Shared.Contracts;

namespace Scim.Api.Tokens;

/// <summary>
/// Who asks, as introspection vouched for it: an identity provider with its credential set, or the portal with an
/// administrator behind it. An endpoint takes it as a parameter.
/// </summary>
internal sealed record Caller(
    AccountPolicy Account,
    TokenIntrospection.CredentialSetReference? CredentialSet,
    TokenIntrospection.Actor? Administrator,
    IReadOnlySet<string> Scopes)
{
    public Guid AccountId => Account.Id;

    /// <summary>When introspection was asked; null for a command, for which nobody vouches.</summary>
    public Asked? Asked { get; init; }

    /// <summary>Whom an active answer vouches for.</summary>
    public static Caller Of(TokenIntrospection answer, Asked asked) => new(
        answer.Account!,
        answer.CredentialSet,
        // Behind an exchanged token is the credential set, too, whoever traded it.
        answer.CredentialSet is null ? answer.Act : null,
        (answer.Scope ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal))
    {
        Asked = asked,
    };

    /// <summary>Binds an endpoint's parameter; the request was let in, so there is a caller.</summary>
    public static ValueTask<Caller> BindAsync(HttpContext context) =>
        new(context.Features.GetRequiredFeature<Caller>());
}
