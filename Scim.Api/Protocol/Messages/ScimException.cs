namespace Scim.Api.Protocol.Messages;

/// <summary>Carries a <see cref="ScimError"/> from below an endpoint to the one place that answers it.</summary>
internal sealed class ScimException(ScimError error) : Exception(error.Detail)
{
    public ScimError Error { get; } = error;
}
