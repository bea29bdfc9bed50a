using System.ComponentModel;
using System.Text.Json.Serialization;
using Auth.Server.Connect;
using Auth.Server.Credentials;
using Auth.Server.Events;
using Shared.Contracts;

namespace Auth.Server.Management;

/// <summary>A credential set, without its secret.</summary>
internal sealed record CredentialSetResponse
{
    public required Guid Id { get; init; }

    public required Guid AccountId { get; init; }

    [JsonConverter(typeof(CamelCaseEnumConverter<CredentialSetState>))]
    public required CredentialSetState State { get; init; }

    [Description("Given when the set becomes active; larger than that of any set of the account before.")]
    public required long? Generation { get; init; }

    [Description("oauth2 or direct_jwt.")]
    public required string Method { get; init; }

    public required string? ClientId { get; init; }

    [Description(
        "The end of the secret or token, by which people recognise it; empty if the client has keys of its own.")]
    public required string LastFour { get; init; }

    public required DateTime CreatedAt { get; init; }

    public required string CreatedBy { get; init; }

    [Description("What makes a staged set take over; null if it was active from the beginning.")]
    [JsonConverter(typeof(CamelCaseEnumConverter<Activation>))]
    public required Activation? Activation { get; init; }

    [Description("When a staged set ends by itself, unless it has taken over.")]
    public required DateTime? ActivateBefore { get; init; }

    public required DateTime? ActivatedAt { get; init; }

    public required string? ActivatedBy { get; init; }

    [Description("When it was sure that no node admits the set before this one any more. It admits nobody until then.")]
    public required DateTime? ConfirmedAt { get; init; }

    public required DateTime? ExpiresAt { get; init; }

    public required DateTime? FirstUsedAt { get; init; }

    [Description("The last SCIM request that was let in with it, at most a minute too early.")]
    public required UseResponse? LastUse { get; init; }

    [Description("The last SCIM request that was refused because the set has ended.")]
    public required UseResponse? LastRefusal { get; init; }

    public required DateTime? EndedAt { get; init; }

    public required string? EndedBy { get; init; }

    [JsonConverter(typeof(CamelCaseEnumConverter<CredentialSetEnd>))]
    public required CredentialSetEnd? EndReason { get; init; }

    public static CredentialSetResponse From(CredentialSet set) => new()
    {
        Id = set.Id,
        AccountId = set.AccountId,
        State = set.State,
        Generation = set.Generation,
        Method = set.Method,
        ClientId = set.ClientId,
        LastFour = set.LastFour,
        CreatedAt = set.CreatedAt,
        CreatedBy = set.CreatedBy,
        Activation = set.Activation,
        ActivateBefore = set.ActivateBefore,
        ActivatedAt = set.ActivatedAt,
        ActivatedBy = set.ActivatedBy,
        ConfirmedAt = set.ConfirmedAt,
        ExpiresAt = set.ExpiresAt,
        FirstUsedAt = set.FirstUsedAt,
        LastUse = UseResponse.From(set.LastUse),
        LastRefusal = UseResponse.From(set.LastRefusal),
        EndedAt = set.EndedAt,
        EndedBy = set.EndedBy,
        EndReason = set.EndReason,
    };
}

/// <summary>When, and from where, a set was used.</summary>
internal sealed record UseResponse(DateTime At, string? Address, string? UserAgent)
{
    public static UseResponse? From(Use? use) => use is null ? null : new(use.At, use.Address, use.UserAgent);
}

/// <summary>All credential sets of an account, the newest first.</summary>
internal sealed record CredentialSetList(IReadOnlyList<CredentialSetResponse> CredentialSets);

/// <summary>Some accounts, in the order in which they were opened.</summary>
internal sealed record AccountList
{
    public required IReadOnlyList<AccountPolicy> Accounts { get; init; }

    [Description("Give this as \"after\" to read on; null at the end.")]
    public required Guid? Next { get; init; }
}

/// <summary>What came of a call that changed something.</summary>
internal sealed record ChangeResponse
{
    [Description("The set as it is now.")]
    public required CredentialSetResponse CredentialSet { get; init; }

    [Description("What the identity provider needs, of a set that was just made. A retry under the same "
        + "Idempotency-Key gets the secret again for ten minutes.")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IssuedResponse? Issued { get; init; }

    [Description("How the ending of the set before went round; absent if nothing ended.")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ConfirmationResponse? Confirmation { get; init; }

    public static ChangeResponse From(Outcome outcome, AuthOptions options) => new()
    {
        CredentialSet = CredentialSetResponse.From(outcome.Issued.Set),
        Issued = outcome.Status == StatusCodes.Status201Created ? IssuedResponse.From(outcome, options) : null,
        Confirmation = outcome.Confirmation is { } confirmation ? ConfirmationResponse.From(confirmation) : null,
    };
}

/// <summary>What an identity provider needs to get in.</summary>
internal sealed record IssuedResponse
{
    [Description("The API token (direct_jwt).")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Token { get; init; }

    [Description("The client secret (oauth2), unless the client has keys of its own.")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ClientSecret { get; init; }

    [Description("Whether the secret is not told any more, because the first answer was too long ago.")]
    public required bool SecretWithheld { get; init; }

    public required Uri ScimBaseUrl { get; init; }

    public required Uri AuthorizeUrl { get; init; }

    public required Uri TokenUrl { get; init; }

    public static IssuedResponse From(Outcome outcome, AuthOptions options) => new()
    {
        Token = outcome.Issued.Token,
        ClientSecret = outcome.Issued.ClientSecret,
        SecretWithheld = outcome.IsSecretWithheld,
        ScimBaseUrl = options.ScimBaseUrl,
        AuthorizeUrl = new(options.PublicUrl, AuthorizationServer.AuthorizePath),
        TokenUrl = new(options.PublicUrl, AuthServerPaths.Token),
    };
}

/// <summary>How many nodes of the SCIM API have confirmed an ending.</summary>
internal sealed record ConfirmationResponse
{
    public required int ConfirmedNodes { get; init; }

    [Description("Nodes that have been heard of in the last hour. If there are none, nothing is confirmed.")]
    public required int Nodes { get; init; }

    public required int Milliseconds { get; init; }

    [Description(
        "Nodes that did not answer. They cannot admit anybody by what was true before, but somebody should look.")]
    public required IReadOnlyList<string> Unconfirmed { get; init; }

    public static ConfirmationResponse From(Confirmation confirmation) => new()
    {
        ConfirmedNodes = confirmation.Confirmed,
        Nodes = confirmation.Nodes,
        Milliseconds = (int)Math.Ceiling(confirmation.Elapsed.TotalMilliseconds),
        Unconfirmed = confirmation.Unconfirmed,
    };
}

/// <summary>A secret or token is that of a staged set.</summary>
internal sealed record CheckResponse(Guid CredentialSetId, bool Good);
