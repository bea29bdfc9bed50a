using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Auth.Server.Connect;

/// <summary>
/// Chooses the keys of a new code or token, and passes the key and the subject token to its row as claims
/// (<see cref="IssuedUnder"/>) that are not in the token itself. A key is kept until the last token made with it has
/// ended; if it is withdrawn, all of them end.
/// </summary>
internal static class TokenStamp
{
    /// <summary>The key id in a token's header: that of the encryption key if it is encrypted.</summary>
    public static string? KeyOf(SecurityToken? token) => (token as JsonWebToken)?.Kid;

    /// <summary>Chooses the keys, and adds the claims for the row.</summary>
    internal sealed class Attach : IOpenIddictServerHandler<GenerateTokenContext>
    {
        public ValueTask HandleAsync(GenerateTokenContext context)
        {
            // Encrypted tokens are signed with the symmetric key of the same id (KeyRing), not with the published key.
            if (context.EncryptionCredentials is { Key.KeyId: var encryption })
            {
                context.SigningCredentials =
                    context.Options.SigningCredentials.First(credentials => credentials.Key.KeyId == encryption);
            }

            context.Principal.SetClaim(IssuedUnder.Key, context.SigningCredentials!.Key.KeyId)
                .SetClaim(IssuedUnder.SubjectToken, SubjectTokenOf(context));
            return ValueTask.CompletedTask;
        }

        private static string? SubjectTokenOf(GenerateTokenContext context) =>
            context.Transaction.Request?.IsTokenExchangeGrantType() == true
                ? context.Transaction.GetProperty<ProcessAuthenticationContext>(
                    typeof(ProcessAuthenticationContext).FullName!)?.SubjectTokenPrincipal?.GetTokenId()
                : null;
    }

    /// <summary>Removes the claims once the row is written.</summary>
    internal sealed class Detach : IOpenIddictServerHandler<GenerateTokenContext>
    {
        public ValueTask HandleAsync(GenerateTokenContext context)
        {
            context.Principal.RemoveClaims(IssuedUnder.Key).RemoveClaims(IssuedUnder.SubjectToken);
            return ValueTask.CompletedTask;
        }
    }
}
