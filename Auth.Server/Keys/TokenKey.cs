using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Server;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Auth.Server.Keys;

/// <summary>
/// Chooses the keys of a code or token that is being made, and says which key it is, so that the row can tell: a key is
/// kept until the last token made with it is dead, and takes all of them with it if it is withdrawn.
/// </summary>
internal sealed class TokenKey : IOpenIddictServerHandler<GenerateTokenContext>
{
    public static OpenIddictServerHandlerDescriptor Descriptor { get; } =
        OpenIddictServerHandlerDescriptor.CreateBuilder<GenerateTokenContext>()
            .UseScopedHandler<TokenKey>()
            .SetOrder(OpenIddictServerHandlers.Protection.AttachSecurityCredentials.Descriptor.Order + 500)
            .Build();

    /// <summary>The key id of the token that is made now.</summary>
    public string? Id { get; private set; }

    /// <summary>The key id that a token names, which is that of its encryption if it is encrypted.</summary>
    public static string? Of(SecurityToken? token) => (token as JsonWebToken)?.Kid;

    public ValueTask HandleAsync(GenerateTokenContext context)
    {
        // What is encrypted is signed with a secret of the same id (KeyRing), not with the published key.
        if (context.EncryptionCredentials is { Key.KeyId: var encryption })
        {
            context.SigningCredentials =
                context.Options.SigningCredentials.First(credentials => credentials.Key.KeyId == encryption);
        }

        Id = context.SigningCredentials!.Key.KeyId;
        return ValueTask.CompletedTask;
    }
}
