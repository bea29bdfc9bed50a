using System.Security.Claims;
using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Auth.Server.Connect;

/// <summary>
/// Refresh token rotation (RFC 9700 §4.14.2). Each refresh token has one successor. A client that lost the
/// response, or sends concurrent requests, gets the same successor again from any node: the same row,
/// encoded again for each response.
/// </summary>
internal sealed class RefreshTokens(
    AuthDbContext db, TokenManager tokens, IOptionsMonitor<OpenIddictServerOptions> options, TimeProvider time)
{
    /// <summary>
    /// How often one refresh token may be used within <see cref="AuthorizationServer.RefreshGrace"/>.
    /// </summary>
    public const int MaxUses = 10;

    private List<Microsoft.IdentityModel.Tokens.EncryptingCredentials> Keys =>
        options.CurrentValue.EncryptionCredentials;

    /// <summary>Uses a refresh token that has been validated.</summary>
    /// <returns>
    /// Its successor; null if the token can no longer be used. In that case, its grant may have been revoked.
    /// </returns>
    public async Task<Token?> Use(ClaimsPrincipal refreshToken)
    {
        var grantId = refreshToken.GetAuthorizationId()!;
        await using (var write = await db.BeginWrite(CancellationToken.None))
        {
            // A revocation of the grant, on any node, happens either before or after this transaction.
            if (!await LockGrant(Guid.Parse(grantId)))
                return null;
            var id = Guid.Parse(refreshToken.GetTokenId()!);
            var used = await db.Tokens.AsNoTracking().SingleOrDefaultAsync(token => token.Id == id);
            if (used is null || used.Status == Statuses.Revoked)
                return null;
            if (IsReusable(used))
            {
                var successor = await FindSuccessor(used) ?? await CreateSuccessor(used, refreshToken);
                await RecordUse(used, successor);
                await write.Commit(CancellationToken.None);
                return successor;
            }
        }

        await tokens.RevokeByAuthorizationIdAsync(grantId);
        return null;
    }

    private async Task<bool> LockGrant(Guid id) =>
        await db.Grants.Where(grant => grant.Id == id && grant.Status == Statuses.Valid && grant.ReplacedAt == null)
            .ExecuteUpdateAsync(change => change.SetProperty(grant => grant.Status, grant => grant.Status)) > 0;

    private bool IsReusable(Token used) =>
        used.Uses < MaxUses
        && !(used.RedemptionDate + AuthorizationServer.RefreshGrace <= time.GetUtcNow().UtcDateTime);

    /// <summary>Null if there is none, or if its key was withdrawn, so it cannot be encrypted again.</summary>
    private async Task<Token?> FindSuccessor(Token used)
    {
        var successor = used.SuccessorId is null
            ? null
            : await db.Tokens.AsNoTracking().SingleOrDefaultAsync(token => token.Id == used.SuccessorId);
        return successor is not null && Keys.Exists(key => key.Key.KeyId == successor.KeyId) ? successor : null;
    }

    private async Task<Token> CreateSuccessor(Token used, ClaimsPrincipal refreshToken)
    {
        // Truncated to whole seconds, like the token itself.
        var now = DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds());
        var application = await db.Tokens.Where(token => token.Id == used.Id).Select(token => token.Application!.Id)
            .SingleAsync();
        var successor = new Token { KeyId = Keys[0].Key.KeyId };
        await tokens.PopulateAsync(successor, new OpenIddictTokenDescriptor
        {
            ApplicationId = application.ToString(),
            AuthorizationId = refreshToken.GetAuthorizationId(),
            CreationDate = now,
            ExpirationDate = now + options.CurrentValue.RefreshTokenLifetime,
            Principal = refreshToken,
            Status = Statuses.Valid,
            Subject = used.Subject,
            Type = TokenTypeIdentifiers.RefreshToken,
        });
        await tokens.CreateAsync(successor);
        return successor;
    }

    private Task<int> RecordUse(Token used, Token successor)
    {
        var now = time.GetUtcNow().UtcDateTime;
        return db.Tokens.Where(token => token.Id == used.Id).ExecuteUpdateAsync(change => change
            .SetProperty(token => token.Status, Statuses.Redeemed)
            .SetProperty(token => token.RedemptionDate, token => token.RedemptionDate ?? now)
            .SetProperty(token => token.Uses, token => token.Uses + 1)
            .SetProperty(token => token.SuccessorId, successor.Id)
            .SetProperty(token => token.ConcurrencyToken, Guid.NewGuid().ToString()));
    }

    /// <summary>Redeems a refresh token as described above, and everything else once, as OpenIddict does.</summary>
    internal sealed class Redeem(RefreshTokens refreshTokens, TokenManager tokens)
        : IOpenIddictServerHandler<ProcessSignInContext>
    {
        private readonly OpenIddictServerHandlers.RedeemTokenEntry once = new(tokens);

        public async ValueTask HandleAsync(ProcessSignInContext context)
        {
            var presented = context.Transaction.GetProperty<ProcessAuthenticationContext>(
                typeof(ProcessAuthenticationContext).FullName!);
            if (context.EndpointType == OpenIddictServerEndpointType.Token
                && context.Request.IsRefreshTokenGrantType()
                && presented?.RefreshTokenPrincipal is { } refreshToken)
            {
                if (await refreshTokens.Use(refreshToken) is { } successor)
                    context.Transaction.SetProperty(Reissue.Property, successor);
                else
                    context.Reject(
                        Errors.InvalidGrant, "The refresh token was used too often, was replaced or has been revoked.");
                return;
            }

            await once.HandleAsync(context);
            // A concurrent request redeemed the code: it was used twice (RFC 6749 §4.1.2).
            if (context.IsRejected && presented?.AuthorizationCodePrincipal?.GetAuthorizationId() is { } grant)
                await tokens.RevokeByAuthorizationIdAsync(grant);
        }
    }

    /// <summary>Encodes the successor's row as a token again, with the same content each time.</summary>
    internal sealed class Reissue : IOpenIddictServerHandler<GenerateTokenContext>
    {
        public const string Property = "Auth.Server.Connect.RefreshTokens.Successor";

        public ValueTask HandleAsync(GenerateTokenContext context)
        {
            if (context.TokenType == TokenTypeIdentifiers.RefreshToken
                && context.Transaction.GetProperty<Token>(Property) is { } successor)
            {
                context.CreateTokenEntry = false;
                context.EncryptionCredentials =
                    context.Options.EncryptionCredentials.First(key => key.Key.KeyId == successor.KeyId);
                context.Principal.SetTokenId(successor.Id.ToString())
                    .SetCreationDate(Utc(successor.CreationDate))
                    .SetExpirationDate(Utc(successor.ExpirationDate));
            }
            return ValueTask.CompletedTask;
        }

        private static DateTimeOffset? Utc(DateTime? date) =>
            date is { } utc ? new DateTimeOffset(DateTime.SpecifyKind(utc, DateTimeKind.Utc)) : null;
    }
}
