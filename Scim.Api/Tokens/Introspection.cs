using Microsoft.Extensions.Options;
using Polly;
using Scim.Api.Protocol.Messages;
using Shared.Contracts;

namespace Scim.Api.Tokens;

/// <summary>
/// Asks the authorization server about a token (RFC 7662). There is a clear answer or a 503: that the token is dead is
/// said by <c>active: false</c> alone, because identity providers stop provisioning on 401.
/// </summary>
internal sealed class Introspection(
    AuthServerConnection authServer,
    ClientAssertion assertion,
    Node node,
    IOptions<AuthServerOptions> server,
    IOptions<IntrospectionOptions> options,
    TimeProvider time,
    ILogger<Introspection> log)
{
    private readonly ResiliencePipeline pipeline = IntrospectionPipeline.Build(options.Value, time);

    public async Task<TokenIntrospection> Ask(BearerToken token, CancellationToken cancellation)
    {
        try
        {
            return await pipeline.ExecuteAsync(async attempt => await Send(token, attempt), cancellation);
        }
        catch (AuthServerFault fault) when (!fault.IsOutage)
        {
            // It does not pass by itself: somebody must look at it.
            log.LogError(fault, "A token could not be introspected");
            throw Unknown();
        }
        catch (Exception outage) when (outage is AuthServerFault or ExecutionRejectedException)
        {
            log.LogWarning("A token could not be introspected: {Reason}", outage.Message);
            throw Unknown();
        }
    }

    /// <summary>What is answered when nothing is known about a token.</summary>
    public static ScimException Unknown() => new(ScimError.Unavailable(
        "SciLeads cannot check the token at the moment. The token is not at fault; try again.", retryAfter: 5));

    private async Task<TokenIntrospection> Send(BearerToken token, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(
            HttpMethod.Post, new Uri(server.Value.BaseAddress, AuthServerPaths.Introspection));
        request.Content = new FormUrlEncodedContent(
        [
            new("token", token.Value),
            new("token_type_hint", "access_token"),
            new(TokenIntrospection.Parameters.Node, node.Id.ToString()),
            new(TokenIntrospection.Parameters.NodeName, node.Name),
            new(TokenIntrospection.Parameters.ClientAddress, token.ClientAddress),
            new(TokenIntrospection.Parameters.ClientUserAgent, token.UserAgent),
            .. assertion.Parameters(),
        ]);

        var answer = await authServer.Send<TokenIntrospection>(request, cancellation);
        return answer switch
        {
            { Active: true, Account: null } => throw AuthServerFault.OfAnswer("it names no account"),
            { Active: true, CredentialSet: null, Act: null } => throw AuthServerFault.OfAnswer("it says not who acts"),
            _ => answer,
        };
    }
}
