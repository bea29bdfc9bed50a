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

    [Description("Assigned when the set becomes active; larger than that of any earlier set of the account.")]
    public required long? Generation { get; init; }

    [Description("oauth2 or direct_jwt.")]
    public required string Method { get; init; }

    public required string? ClientId { get; init; }

    [Description(
        "The last four characters of the secret or token; empty if the client authenticates with a key.")]
    public required string LastFour { get; init; }

    public required DateTime CreatedAt { get; init; }

    public required string CreatedBy { get; init; }

    [Description("What activates a staged set; null if the set was active from the beginning.")]
    [JsonConverter(typeof(CamelCaseEnumConverter<Activation>))]
    public required Activation? Activation { get; init; }

    [Description("When a staged set ends if it has not been activated.")]
    public required DateTime? ActivateBefore { get; init; }

    public required DateTime? ActivatedAt { get; init; }

    public required string? ActivatedBy { get; init; }

    [Description("When every node had stopped accepting the previous set. This set is refused until then.")]
    public required DateTime? ConfirmedAt { get; init; }

    public required DateTime? ExpiresAt { get; init; }

    public required DateTime? FirstUsedAt { get; init; }

    [Description("The last SCIM request that was accepted with it, accurate to a minute.")]
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

/// <summary>When and from where a set was used.</summary>
internal sealed record UseResponse(DateTime At, string? Address, string? UserAgent)
{
    public static UseResponse? From(Use? use) => use is null ? null : new(use.At, use.Address, use.UserAgent);
}

/// <summary>All credential sets of an account, newest first.</summary>
internal sealed record CredentialSetList(IReadOnlyList<CredentialSetResponse> CredentialSets);

/// <summary>A page of accounts, in the order in which they were created.</summary>
internal sealed record AccountList
{
    public required IReadOnlyList<AccountPolicy> Accounts { get; init; }

    [Description("The value of \"after\" for the next page; null on the last page.")]
    public required Guid? Next { get; init; }
}

/// <summary>The outcome of a call that changed a credential set.</summary>
internal sealed record ChangeResponse
{
    [Description("The set as it is now.")]
    public required CredentialSetResponse CredentialSet { get; init; }

    [Description("What the identity provider needs; only for a new set. A retry with the same Idempotency-Key gets the "
        + "secret again for ten minutes.")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IssuedResponse? Issued { get; init; }

    [Description("How the nodes confirmed that the previous set has ended; absent if no set ended.")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ConfirmationResponse? Confirmation { get; init; }

    public static ChangeResponse From(Outcome outcome, AuthOptions options) => new()
    {
        CredentialSet = CredentialSetResponse.From(outcome.Issued.Set),
        Issued = outcome.Status == StatusCodes.Status201Created ? IssuedResponse.From(outcome, options) : null,
        Confirmation = outcome.Confirmation is { } confirmation ? ConfirmationResponse.From(confirmation) : null,
    };
}

/// <summary>What an identity provider needs to call the SCIM API.</summary>
internal sealed record IssuedResponse
{
    [Description("The API token (direct_jwt).")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Token { get; init; }

    [Description("The client secret (oauth2), unless the client authenticates with a key.")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ClientSecret { get; init; }

    [Description("Whether the secret is omitted because the first response was too long ago.")]
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

/// <summary>How many nodes of the SCIM API have confirmed that a set has ended.</summary>
internal sealed record ConfirmationResponse
{
    public required int ConfirmedNodes { get; init; }

    [Description("Nodes that were heard from in the last hour. If there are none, nothing is confirmed.")]
    public required int Nodes { get; init; }

    public required int Milliseconds { get; init; }

    [Description(
        "Nodes that did not respond. They cannot accept the ended set either, but somebody should look at them.")]
    public required IReadOnlyList<string> Unconfirmed { get; init; }

    public static ConfirmationResponse From(Confirmation confirmation) => new()
    {
        ConfirmedNodes = confirmation.Confirmed,
        Nodes = confirmation.Nodes,
        Milliseconds = (int)Math.Ceiling(confirmation.Elapsed.TotalMilliseconds),
        Unconfirmed = confirmation.Unconfirmed,
    };
}

/// <summary>The secret or token belongs to the staged set.</summary>
internal sealed record CheckResponse(Guid CredentialSetId, bool Good);
