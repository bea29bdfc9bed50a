using System.Collections.Immutable;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Auth.Server.Connect;

/// <summary>
/// No parameter of an authorization request is given twice (RFC 6749 §3.1), pushed or not (RFC 9126 §2.1), but for
/// <c>resource</c> (RFC 8707 §2) and <c>scope</c>: Okta's administrators append <c>scope=offline_access</c> to the authorize
/// URL, and Okta appends its own.
/// </summary>
internal sealed class RefuseRepetition<TContext> : IOpenIddictServerHandler<TContext>
    where TContext : BaseValidatingContext
{
    public static OpenIddictServerHandlerDescriptor Descriptor { get; } =
        OpenIddictServerHandlerDescriptor.CreateBuilder<TContext>()
            .UseSingletonHandler<RefuseRepetition<TContext>>()
            .SetOrder(int.MaxValue - 50_000)
            .Build();

    public ValueTask HandleAsync(TContext context)
    {
        if (context.Transaction.Request is not { } request)
            return ValueTask.CompletedTask;
        foreach (var (name, value) in request.GetParameters().ToArray())
        {
            if ((ImmutableArray<string?>?)value is not { Length: > 1 } values || name == Parameters.Resource)
                continue;
            if (name == Parameters.Scope)
                request.Scope = string.Join(' ', values.Where(scope => !string.IsNullOrEmpty(scope)));
            else
                context.Reject(Errors.InvalidRequest, $"The parameter {name} is there {values.Length} times; once is enough.");
        }
        return ValueTask.CompletedTask;
    }
}
