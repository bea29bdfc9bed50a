namespace Auth.Server.Provisioning;

/// <summary>Why a person is not provisioned, in the order in which the causes are checked.</summary>
internal enum Cause
{
    /// <summary>None: the person is provisioned and active.</summary>
    None,

    ScimDisabled,
    Suspended,
    NoCredentials,
    CredentialsExpired,
    OldSecretInUse,
    ProviderSilent,

    /// <summary><c>Scim.Api</c> cannot be reached, so that the remaining causes cannot be checked.</summary>
    NotKnown,

    DomainNotAllowed,
    NoSeat,
    Refused,
    OtherAddress,
    DeactivatedByHand,
    DeactivatedByProvider,
    Deleted,
    NeverRequested,
}
