using System.Text.Json;
using Auth.Server.Audit;
using Auth.Server.Connect;
using Auth.Server.Credentials;
using Auth.Server.Data;
using Auth.Server.Operations;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Auth.Server.Issuance;

/// <summary>
/// Finds out what a pasted token or secret is, and whether it works. It does not count as a use. The text is kept
/// nowhere: only the finding is written to the audit trail.
/// </summary>
internal sealed class TokenCheck(
    AuthDbContext db,
    CredentialHistory history,
    ClientManager clients,
    TokenLookup tokens,
    AuthOptions options,
    IOptionsMonitor<OpenIddictServerOptions> server,
    Operation operation,
    TimeProvider time)
{
    // Of ES256: two numbers of 32 bytes (RFC 7518 §3.4), in base64url.
    private const int SignatureLength = 86;

    private static readonly JsonWebTokenHandler jwts = new();

    /// <summary>Says what a text is that an administrator of an account has pasted.</summary>
    public async Task<TokenVerdict> Check(
        Guid accountId, string pasted, Actor actor, CancellationToken cancellation) => (await operation.Run(
        actor,
        AuditAction.CheckCredentials,
        accountId,
        async work =>
        {
            var verdict = await Identify(accountId, pasted, cancellation);
            work.Entry.About = verdict.Set is { } set ? $"{set.Id}" : null;
            // In words: "cut off".
            var finding = JsonNamingPolicy.KebabCaseLower.ConvertName($"{verdict.Finding}").Replace('-', ' ');
            work.Entry.Detail = $"Finding: {finding}.";
            return verdict;
        },
        cancellation)).Result;

    /// <summary>Says what a text is, from the point of view of an account.</summary>
    public async Task<TokenVerdict> Identify(Guid accountId, string pasted, CancellationToken cancellation)
    {
        const string scheme = "Bearer ";
        var trimmed = pasted.Trim();
        if (trimmed.StartsWith(scheme, StringComparison.OrdinalIgnoreCase))
            trimmed = trimmed[scheme.Length..].Trim();
        var text = string.Concat(trimmed.Where(character => !char.IsWhiteSpace(character)));
        var verdict = text switch
        {
            "" => new(TokenFinding.Empty),
            _ when text.StartsWith(ClientSecret.Prefix, StringComparison.Ordinal) =>
                await IdentifySecret(accountId, text, cancellation),
            _ when text.StartsWith("eyJ", StringComparison.Ordinal) =>
                await IdentifyToken(accountId, text, cancellation),
            _ when await db.Clients.AnyAsync(
                client => client.ClientId == text && client.CredentialSet!.AccountId == accountId, cancellation) =>
                new(TokenFinding.ClientId),
            _ => new TokenVerdict(TokenFinding.Foreign),
        };
        return verdict with { Length = text.Length, HadSpaces = text.Length != trimmed.Length };
    }

    private async Task<TokenVerdict> IdentifySecret(Guid accountId, string secret, CancellationToken cancellation)
    {
        if (secret.Length < ClientSecret.Length)
            return new(TokenFinding.CutOff);
        if (!ClientSecret.IsWellFormed(secret))
            return new(TokenFinding.Damaged);
        var own = await db.Clients.AsNoTracking()
            .Where(client => client.CredentialSet!.AccountId == accountId && client.ClientSecret != null)
            .ToListAsync(cancellation);
        foreach (var client in own)
        {
            if (await clients.ValidateClientSecretAsync(client, secret, cancellation))
                return Of(await history.Get(accountId, client.CredentialSetId!.Value, cancellation));
        }
        return new(TokenFinding.UnknownSecret);
    }

    private async Task<TokenVerdict> IdentifyToken(Guid accountId, string text, CancellationToken cancellation)
    {
        var parts = text.Split('.');
        var header = Read(parts[0]);
        var payload = parts.Length is 2 or 3 ? Read(parts[1]) : null;
        var issuer = payload is null ? null : Member(payload.Value, Claims.Issuer);
        var isOwn = issuer == options.PublicUrl.ToString()
            || (header is { } read && Member(read, "kid") is { } kid && IsOwnKey(kid));
        if (!isOwn)
        {
            // What is too short to say where it is from begins like a token of ours.
            return header is null && parts.Length == 1
                ? new(TokenFinding.CutOff)
                : new(TokenFinding.Foreign) { Issuer = issuer is null ? null : Printable.Of(issuer, 200) };
        }
        if (parts.Length == 5)
            return new(TokenFinding.NotForScim);
        if (parts.Length < 3 || parts[2].Length < SignatureLength)
            return new(TokenFinding.CutOff);
        if (parts.Length > 3 || await Validate(text) is not { } tokenId)
            return new(TokenFinding.Damaged);
        return await IdentifyToken(accountId, tokenId, cancellation);
    }

    private async Task<TokenVerdict> IdentifyToken(Guid accountId, Guid tokenId, CancellationToken cancellation)
    {
        if (await tokens.Find(tokenId, node: null, cancellation) is not { } token)
            return new(TokenFinding.Forgotten);
        if (token.Account?.Id != accountId)
            return new(TokenFinding.OtherAccount);
        if (token.CredentialSet is not { } issuing)
            return new(TokenFinding.Portal);
        var set = await history.Get(accountId, issuing.Id, cancellation);
        var now = time.GetUtcNow().UtcDateTime;
        return set.State == CredentialSetState.Ended || (!token.KeyWithdrawn && token.IsValid(now)) ? Of(set)
            : new(token.ExpiresAt <= now ? TokenFinding.Expired : TokenFinding.Revoked, set);
    }

    private static TokenVerdict Of(CredentialSet set) => new(
        set.State switch
        {
            CredentialSetState.Active => TokenFinding.Active,
            CredentialSetState.Staged => TokenFinding.Staged,
            _ => TokenFinding.Ended,
        },
        set);

    /// <summary>Checks a signature, and nothing else.</summary>
    /// <returns>The id of the token; null if the signature is wrong.</returns>
    private async Task<Guid?> Validate(string token)
    {
        var signed = await jwts.ValidateTokenAsync(token, new()
        {
            IssuerSigningKeys = server.CurrentValue.SigningCredentials.Select(credentials => credentials.Key),
            ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
            ValidateIssuer = false,
            ValidateAudience = false,
            ValidateLifetime = false,
        });
        return signed.IsValid && signed.Claims.TryGetValue(Claims.Private.TokenId, out var id)
            && Guid.TryParse($"{id}", out var tokenId)
            ? tokenId
            : null;
    }

    private bool IsOwnKey(string kid) =>
        server.CurrentValue.SigningCredentials.Any(credentials => credentials.Key.KeyId == kid)
        || server.CurrentValue.EncryptionCredentials.Any(credentials => credentials.Key.KeyId == kid);

    /// <summary>A part of a token as a JSON object; null if it is not one.</summary>
    private static JsonElement? Read(string part)
    {
        try
        {
            using var json = JsonDocument.Parse(WebEncoders.Base64UrlDecode(part));
            return json.RootElement.ValueKind == JsonValueKind.Object ? json.RootElement.Clone() : null;
        }
        catch (Exception error) when (error is FormatException or JsonException)
        {
            return null;
        }
    }

    private static string? Member(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}

/// <summary>What a pasted token or secret is.</summary>
/// <param name="Finding">What was found.</param>
/// <param name="Set">The account's set that it belongs to; null if it belongs to none.</param>
internal sealed record TokenVerdict(TokenFinding Finding, CredentialSet? Set = null)
{
    /// <summary>The number of its characters.</summary>
    public int Length { get; init; }

    /// <summary>Whether there were spaces or line breaks in it, which were ignored.</summary>
    public bool HadSpaces { get; init; }

    /// <summary>Who issued it, as it says itself; null if it is from this server or does not say.</summary>
    public string? Issuer { get; init; }
}

/// <summary>What a pasted token or secret turned out to be.</summary>
internal enum TokenFinding
{
    /// <summary>A valid token or secret of the active set.</summary>
    Active,

    /// <summary>A valid token or secret of the staged set.</summary>
    Staged,

    /// <summary>A token or secret of a set that was replaced, was revoked or has expired.</summary>
    Ended,

    /// <summary>An access token that has expired, of a set that has not.</summary>
    Expired,

    /// <summary>A token that was revoked, of a set that has not ended.</summary>
    Revoked,

    /// <summary>The beginning of a token or secret.</summary>
    CutOff,

    /// <summary>A token or secret with a wrong character.</summary>
    Damaged,

    /// <summary>A token of another account.</summary>
    OtherAccount,

    /// <summary>A token of this account's portal or management API.</summary>
    Portal,

    /// <summary>An authorization code or a refresh token.</summary>
    NotForScim,

    /// <summary>The id of one of the account's clients.</summary>
    ClientId,

    /// <summary>A well-formed client secret that does not belong to the account.</summary>
    UnknownSecret,

    /// <summary>A token whose record was deleted long after its end.</summary>
    Forgotten,

    /// <summary>Not from this server.</summary>
    Foreign,

    /// <summary>Nothing.</summary>
    Empty,
}
