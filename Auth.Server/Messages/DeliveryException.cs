namespace Auth.Server.Messages;

/// <summary>
/// The recipient's server has refused a message. The reason names no recipient, so that it can be logged.
/// </summary>
/// <param name="reason">The end of a sentence, such as <c>the mail server answered with 550</c>.</param>
/// <param name="isPermanent">Whether another attempt is useless.</param>
internal sealed class DeliveryException(string reason, bool isPermanent = false) : Exception(reason)
{
    public bool IsPermanent => isPermanent;
}
