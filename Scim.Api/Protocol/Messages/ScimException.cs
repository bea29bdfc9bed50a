namespace Scim.Api.Protocol.Messages;

/// <summary>Carries a <see cref="ScimError"/> from code below an endpoint to <see cref="ErrorResponses"/>.</summary>
internal sealed class ScimException(ScimError error) : Exception(error.Detail)
{
    public ScimError Error { get; } = error;
}
