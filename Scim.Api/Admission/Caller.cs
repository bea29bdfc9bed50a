using Microsoft.AspNetCore.Http.Features;
using Scim.Api.Revocation;
using Shared.Contracts;

namespace Scim.Api.Admission;

/// <summary>
/// Who makes a request, according to introspection: an identity provider with its credential set, or the portal on
/// behalf of an administrator. Endpoints take it as a parameter.
/// </summary>
internal sealed record Caller(
    AccountPolicy Account,
    TokenIntrospection.CredentialSetReference? CredentialSet,
    TokenIntrospection.Actor? Administrator,
    IReadOnlySet<string> Scopes)
{
    public Guid AccountId => Account.Id;

    /// <summary>Whether the request is part of a connection test.</summary>
    public bool IsTest => Scopes.Contains(Shared.Contracts.Scopes.ConnectionTest);

    /// <summary>What this node knew when it introspected the token; null for a command, which has no token.</summary>
    public EventClockReading? IntrospectedAt { get; init; }

    /// <summary>The caller that an active introspection response describes.</summary>
    public static Caller Of(TokenIntrospection answer, EventClockReading requestedAt) => new(
        answer.Account!,
        answer.CredentialSet,
        // An exchanged token acts for its credential set, whichever client exchanged it.
        answer.CredentialSet is null ? answer.Act : null,
        (answer.Scope ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal))
    {
        IntrospectedAt = requestedAt,
    };

    /// <summary>Binds an endpoint's parameter. The request was admitted, so there is a caller.</summary>
    public static ValueTask<Caller> BindAsync(HttpContext context) =>
        new(context.Features.GetRequiredFeature<Caller>());
}
