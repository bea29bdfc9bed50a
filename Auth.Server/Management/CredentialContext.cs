using System.CommandLine;
using System.Text.Json.Nodes;
using Auth.Server.Connect;
using Auth.Server.Credentials;
using Auth.Server.Issuance;
using Auth.Server.Operations;
using Shared.Contracts;

namespace Auth.Server.Management;

/// <summary>What the commands for credential sets share: services, and how they print a set.</summary>
internal sealed class CredentialContext(
    CredentialSets sets, CredentialIssuer issuer, CredentialHistory history, CredentialCheck staged,
    AuthOptions options)
{
    public CredentialSets Sets { get; } = sets;

    public CredentialIssuer Issuer { get; } = issuer;

    public CredentialCheck Staged { get; } = staged;

    public Task<CredentialSet?> FindActive(ParseResult parsed, CancellationToken cancellation) =>
        history.FindActive(CommandContext.AccountOf(parsed), cancellation);

    public Task<CredentialSet?> FindStaged(ParseResult parsed, CancellationToken cancellation) =>
        history.FindStaged(CommandContext.AccountOf(parsed), cancellation);

    public async Task<CredentialSet> RequireActive(ParseResult parsed, CancellationToken cancellation) =>
        await FindActive(parsed, cancellation) ?? throw ProblemException.NotFound(
            $"Account {CommandContext.AccountOf(parsed)} has no active credential set.");

    /// <summary>The set with the given id, whatever its state; without an id, the staged set.</summary>
    public async Task<CredentialSet> RequireStaged(ParseResult parsed, Guid? id, CancellationToken cancellation)
    {
        var accountId = CommandContext.AccountOf(parsed);
        if (id is { } given)
            return await history.Get(accountId, given, cancellation);
        return await history.FindStaged(accountId, cancellation)
            ?? throw ProblemException.NotFound($"Account {accountId} has no staged credential set.");
    }

    /// <summary>A set without its secret.</summary>
    public static JsonObject AsJson(CredentialSet set) => new()
    {
        ["credentialSetId"] = set.Id,
        ["state"] = set.State.ToString().ToLowerInvariant(),
        ["generation"] = set.Generation,
        ["method"] = set.Method,
        ["clientId"] = set.ClientId,
        ["lastFour"] = set.LastFour,
        ["createdAt"] = set.CreatedAt,
        ["createdBy"] = set.CreatedBy,
        ["activation"] = set.Activation switch
        {
            null => null,
            Activation.FirstUse => "first-use",
            _ => "manual",
        },
        ["activateBefore"] = set.ActivateBefore,
        ["activatedAt"] = set.ActivatedAt,
        ["activatedBy"] = set.ActivatedBy,
        ["confirmation"] = set.Confirmation,
        ["expiresAt"] = set.ExpiresAt,
        ["firstUsedAt"] = set.FirstUsedAt,
        ["lastUsedAt"] = set.LastUse?.At,
        ["lastUsedFrom"] = set.LastUse?.Address,
        ["lastUsedBy"] = set.LastUse?.UserAgent,
        ["endedAt"] = set.EndedAt,
        ["endedBy"] = set.EndedBy,
        ["endReason"] = set.EndReason?.ToString().ToLowerInvariant(),
        ["lastRefusedAt"] = set.LastRefusal?.At,
        ["lastRefusedFrom"] = set.LastRefusal?.Address,
    };

    /// <summary>A newly generated set, with the secret, which is shown once.</summary>
    public JsonObject AsJson(Completed<IssuedCredentials> generated)
    {
        var issued = generated.Result;
        var json = AsJson(issued.Set);
        json["scimBaseUrl"] = options.ScimBaseUrl.ToString();
        if (issued.Token is not null)
        {
            json["token"] = issued.Token;
            return json;
        }

        json["clientSecret"] = issued.ClientSecret;
        json["authorizeUrl"] = new Uri(options.PublicUrl, AuthorizationServer.AuthorizePath).ToString();
        json["tokenUrl"] = new Uri(options.PublicUrl, AuthServerPaths.Token).ToString();
        return json;
    }
}
