using Auth.Server.Messages;
using MailKit.Security;

namespace Auth.Server.Tests.Messages;

/// <summary>The connection to the mail server is encrypted, and messages cannot be changed by what they say.</summary>
[Parallelizable]
[Category("AnyDatabase")]
internal sealed class MailServerTests
{
    private static readonly OutgoingMessage outgoing = new()
    {
        AccountId = Guid.NewGuid(),
        Recipient = "ada@example.com",
        ProtectedMessage = "",
        CreatedAt = DateTime.UtcNow,
        GiveUpAt = DateTime.UtcNow,
        NextAttemptAt = DateTime.UtcNow,
    };

    [TestCase(SmtpSecurity.StartTls)]
    [TestCase(SmtpSecurity.Tls)]
    public async Task The_password_and_messages_are_sent_over_TLS(SmtpSecurity security)
    {
        await using var mail = new TestMailServer(security, "scileads", "mail-password");
        using var server = Connection(mail, security, "mail-password", trusted: true);

        await Send(server);
        await Send(server);

        Assert.That((mail.Received.Count, mail.Passwords.Count), Is.EqualTo((2, 1)), "over one connection");
    }

    [TestCase(SmtpSecurity.StartTls)]
    [TestCase(SmtpSecurity.Tls)]
    public async Task A_server_with_an_untrusted_certificate_learns_nothing(SmtpSecurity security)
    {
        await using var mail = new TestMailServer(security, "scileads", "mail-password");
        using var server = Connection(mail, security, "mail-password", trusted: false);

        Assert.That(() => Send(server), Throws.TypeOf<SslHandshakeException>());

        Assert.That((mail.Received.Count, mail.Passwords.Count, server.IsConnected), Is.EqualTo((0, 0, false)));
    }

    [Test]
    public async Task A_server_without_TLS_learns_nothing()
    {
        await using var mail = new TestMailServer();
        using var server = Connection(mail, SmtpSecurity.StartTls, "mail-password", trusted: true);

        Assert.That(() => Send(server), Throws.TypeOf<NotSupportedException>());

        Assert.That((mail.Received.Count, mail.Passwords.Count), Is.EqualTo((0, 0)));
    }

    [Test]
    public async Task A_wrong_password_discards_no_message()
    {
        await using var mail = new TestMailServer(SmtpSecurity.Tls, "scileads", "mail-password");
        using var server = Connection(mail, SmtpSecurity.Tls, "wrong", trusted: true);

        for (var attempt = 0; attempt < 2; attempt++)
        {
            Assert.That(() => Send(server), Throws.TypeOf<AuthenticationException>());
            Assert.That(server.IsConnected, Is.False, "so that the next message is not sent without a password");
        }
    }

    [Test]
    public async Task Nobody_can_add_a_header()
    {
        await using var mail = new TestMailServer();
        using var server = Connection(mail, SmtpSecurity.None, password: null, trusted: false);

        await Send(server, "Expires\r\nBcc: eve@example.com\r\n\r\nAnother text");

        var received = mail.Received.Single();
        Assert.That(received.Bcc, Is.Empty);
        Assert.That(received.Subject, Does.StartWith("Expires").And.Contain("Bcc: eve@example.com"));
        Assert.That(received.TextBody, Does.StartWith("Something happened."));
    }

    private static MailServer Connection(TestMailServer mail, SmtpSecurity security, string? password, bool trusted) =>
        new(
            new()
            {
                Host = "localhost",
                Port = mail.Port,
                Security = security,
                User = password is null ? null : "scileads",
                Password = password,
                From = "no-reply@scileads.example",
            },
            new() { PublicUrl = new("https://iam.example.com/") },
            trusted ? (_, certificate, _, _) => certificate!.Equals(mail.Certificate) : null);

    private static Task Send(MailServer server, string subject = "Hello") => server.Send(
        outgoing,
        new(subject, ["Something happened."], "Open it", new("https://iam.example.com/"), "You asked for it."),
        CancellationToken.None);
}
