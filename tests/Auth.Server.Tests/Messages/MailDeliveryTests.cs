using Auth.Server.Messages;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using MimeKit;

namespace Auth.Server.Tests.Messages;

/// <summary>Messages are delivered at least once, through a real mail server.</summary>
[Category("Slow")]
public sealed class MailDeliveryTests
{
    private static readonly Message hello = new(
        "Grüße & more", ["<Something> happened.", "Do this."], "Open it", new("https://iam.example.com/a?b=1&c=2"),
        "You asked for it.");

    [Test]
    public async Task A_message_has_plain_text_and_HTML_and_is_delivered_once()
    {
        await using var mail = new TestMailServer();
        await using var server = await AuthServer.Start(mail.Settings);
        await Add(server, "ada@example.com");
        var stored = await server.WithDatabase(db => db.OutgoingMessages.SingleAsync());
        Assert.That(stored.ProtectedMessage, Does.Not.Contain("iam.example.com"), "it is encrypted");

        await Deliver(server);
        await Deliver(server);

        var received = mail.Received.Single();
        Assert.That(received.From.Mailboxes.Single().Address, Is.EqualTo("no-reply@scileads.example"));
        Assert.That($"{received.To}", Is.EqualTo("ada@example.com"));
        Assert.That(received.Subject, Is.EqualTo("Grüße & more"));
        Assert.That(received.MessageId, Is.EqualTo($"{stored.Id}@localhost"));
        Assert.That(received.Headers[HeaderId.AutoSubmitted], Is.EqualTo("auto-generated"));
        Assert.That(
            received.TextBody!.ReplaceLineEndings("\n"),
            Is.EqualTo("<Something> happened.\n\nDo this.\n\nOpen it:\nhttps://iam.example.com/a?b=1&c=2\n\n"
                + "-- \nYou asked for it.\n"));
        Assert.That(
            received.HtmlBody,
            Does.Contain("<p>&lt;Something&gt; happened.</p>")
                .And.Contain("<a href=\"https://iam.example.com/a?b=1&amp;c=2\">Open it</a>"));
        Assert.That(await server.WithDatabase(db => db.OutgoingMessages.CountAsync()), Is.Zero);
    }

    [Test]
    public async Task A_message_that_may_have_arrived_is_sent_again_with_the_same_id()
    {
        await using var mail = new TestMailServer { LosesConfirmations = true };
        await using var server = await AuthServer.Start(mail.Settings);
        await Add(server, "ada@example.com");
        await Deliver(server);
        mail.LosesConfirmations = false;

        server.Time.Advance(MessageAttempts.FirstRetry - TimeSpan.FromSeconds(1));
        await Deliver(server);
        Assert.That(mail.Received, Has.Count.EqualTo(1), "it is too early");
        server.Time.Advance(TimeSpan.FromSeconds(1));
        await Deliver(server);

        Assert.That(mail.Received, Has.Count.EqualTo(2));
        Assert.That(mail.Received[1].MessageId, Is.EqualTo(mail.Received[0].MessageId).And.Not.Empty);
        Assert.That(mail.Received[1].Date, Is.EqualTo(mail.Received[0].Date));
        Assert.That(await server.WithDatabase(db => db.OutgoingMessages.CountAsync()), Is.Zero);
    }

    [Test]
    public async Task Each_message_is_taken_by_one_of_several_nodes()
    {
        await using var mail = new TestMailServer();
        await using var server = await AuthServer.Start(mail.Settings);
        string[] recipients = [.. Enumerable.Range(0, 20).Select(i => $"person{i}@example.com")];
        await Add(server, recipients);

        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Deliver(server)));

        Assert.That(mail.Received.Select(message => $"{message.To}"), Is.EquivalentTo(recipients));
    }

    [Test]
    public async Task Without_a_mail_server_a_message_waits_for_three_days()
    {
        await using var server = await AuthServer.Start(
            "--Smtp:Host=127.0.0.1", $"--Smtp:Port={TestMailServer.FreePort()}", "--Smtp:Security=None",
            "--Smtp:From=no-reply@scileads.example");
        using var log = new LogRecorder();
        server.Services.GetRequiredService<ILoggerFactory>().AddProvider(log);
        await Add(server, "ada@example.com", "bob@example.com");

        var attempts = 0;
        while (await server.WithDatabase(db => db.OutgoingMessages.AnyAsync()) && attempts++ < 200)
        {
            await Deliver(server);
            server.Time.Advance(TimeSpan.FromHours(1));
        }

        Assert.That(attempts, Is.InRange(70, 150));
        Assert.That(
            log.Lines.Count(line => line.StartsWith("Message ", StringComparison.Ordinal)
                && line.Contains(" is discarded after ", StringComparison.Ordinal)),
            Is.EqualTo(2));
        Assert.That(log.Lines, Has.None.Contains("example.com"));
    }

    [Test]
    public async Task A_refused_recipient_delays_nobody_else()
    {
        await using var mail = new TestMailServer { Refused = "ada@example.com" };
        await using var server = await AuthServer.Start(mail.Settings);
        using var log = new LogRecorder();
        server.Services.GetRequiredService<ILoggerFactory>().AddProvider(log);
        await Add(server, "ada@example.com", "bob@example.com");

        await Deliver(server);

        Assert.That($"{mail.Received.Single().To}", Is.EqualTo("bob@example.com"));
        Assert.That(await server.WithDatabase(db => db.OutgoingMessages.CountAsync()), Is.Zero);
        Assert.That(log.Lines, Has.Some.Contains("is discarded after 1 attempts: the mail server answered with 550"));
        Assert.That(log.Lines, Has.None.Contains("ada@example.com"));
    }

    [Test]
    public async Task Without_settings_messages_are_discarded()
    {
        await using var server = await AuthServer.Start();
        await Add(server, "ada@example.com");
        Assert.That(await server.WithDatabase(db => db.OutgoingMessages.CountAsync()), Is.Zero);
    }

    /// <summary>Sends what is due, as every node does every few seconds.</summary>
    internal static Task Deliver(AuthServer server) => server.With<MailDelivery, bool>(async delivery =>
    {
        await delivery.DeliverDue(CancellationToken.None);
        return true;
    });

    private static async Task Add(AuthServer server, params string[] recipients)
    {
        var account = await server.CreateAccount();
        await using var scope = server.Services.CreateAsyncScope();
        var outbox = scope.ServiceProvider.GetRequiredService<Outbox>();
        foreach (var recipient in recipients)
            outbox.Add(account.Id, recipient, hello, Outbox.Lifetime);
        await scope.ServiceProvider.GetRequiredService<Auth.Server.Data.AuthDbContext>().SaveChangesAsync();
    }
}
