using System.Net.Security;
using System.Text;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;

namespace Auth.Server.Messages;

/// <summary>A connection to the mail server, opened for the first message that is sent over it.</summary>
/// <param name="smtp">Where it is.</param>
/// <param name="auth">Whose address identifies this server.</param>
/// <param name="checkCertificate">How its certificate is checked; null as usual, with a check for revocation.</param>
internal sealed class MailServer(
    SmtpOptions smtp, AuthOptions auth, RemoteCertificateValidationCallback? checkCertificate = null) : IDisposable
{
    private readonly SmtpClient client = new()
    {
        // Otherwise it introduces itself with the address of this machine.
        LocalDomain = auth.PublicUrl.HostNameType == UriHostNameType.Dns ? auth.PublicUrl.IdnHost : null,
        ServerCertificateValidationCallback = checkCertificate,
    };

    public bool IsConnected => client.IsConnected;

    /// <summary>Sends a message. A repetition has the same <c>Message-ID</c> and <c>Date</c>.</summary>
    /// <exception cref="Exception">The mail server cannot be reached, or has not accepted the message.</exception>
    public async Task Send(OutgoingMessage outgoing, Message message, CancellationToken cancellation)
    {
        if (!client.IsConnected)
            await Connect(cancellation);
        using var mail = Compose(outgoing, message);
        var format = FormatOptions.Default.Clone();
        // Addresses beyond ASCII need SMTPUTF8 (RFC 6531).
        format.International = !Ascii.IsValid(outgoing.Recipient!);
        try
        {
            await client.SendAsync(format, mail, cancellation);
        }
        // Its own words name the recipient.
        catch (SmtpCommandException refusal)
        {
            throw new DeliveryException(
                $"the mail server answered with {(int)refusal.StatusCode}",
                // RFC 5321 §4.2.3. Other codes may mean that this server is not allowed to send, which can be repaired.
                isPermanent: refusal is
                {
                    ErrorCode: SmtpErrorCode.RecipientNotAccepted,
                    StatusCode: SmtpStatusCode.MailboxUnavailable or SmtpStatusCode.UserNotLocalTryAlternatePath
                        or SmtpStatusCode.MailboxNameNotAllowed,
                });
        }
    }

    public void Dispose() => client.Dispose();

    private async Task Connect(CancellationToken cancellation)
    {
        await client.ConnectAsync(
            smtp.Host!,
            smtp.Port,
            smtp.Security switch
            {
                SmtpSecurity.Tls => SecureSocketOptions.SslOnConnect,
                SmtpSecurity.None => SecureSocketOptions.None,
                _ => SecureSocketOptions.StartTls,
            },
            cancellation);
        if (string.IsNullOrEmpty(smtp.User))
            return;
        try
        {
            await client.AuthenticateAsync(smtp.User, smtp.Password!, cancellation);
        }
        catch
        {
            // Otherwise the next message would be sent over this connection, and refused.
            await client.DisconnectAsync(quit: false, CancellationToken.None);
            throw;
        }
    }

    private MimeMessage Compose(OutgoingMessage outgoing, Message message)
    {
        var mail = new MimeMessage
        {
            MessageId = $"{outgoing.Id}@{auth.PublicUrl.IdnHost}",
            Date = new(outgoing.CreatedAt, TimeSpan.Zero),
            Subject = message.Subject,
            Body = new BodyBuilder { TextBody = message.ToPlainText(), HtmlBody = message.ToHtml() }.ToMessageBody(),
        };
        mail.From.Add(new MailboxAddress("SciLeads", smtp.From!));
        mail.To.Add(new MailboxAddress(name: null, outgoing.Recipient!));
        // So that no vacation responder replies (RFC 3834).
        mail.Headers.Add(HeaderId.AutoSubmitted, "auto-generated");
        return mail;
    }
}
