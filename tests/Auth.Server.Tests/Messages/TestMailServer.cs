using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using MimeKit;
using SmtpServer;
using SmtpServer.Authentication;
using SmtpServer.ComponentModel;
using SmtpServer.Mail;
using SmtpServer.Protocol;
using SmtpServer.Storage;

namespace Auth.Server.Tests.Messages;

/// <summary>
/// A mail server on a free port, which keeps what it receives. With a user name, it requires TLS and a password, and its
/// certificate is self-signed.
/// </summary>
internal sealed class TestMailServer : IAsyncDisposable
{
    private readonly ConcurrentQueue<MimeMessage> received = new();
    private readonly SmtpServer.SmtpServer server;
    private readonly Task running;
    private readonly ConcurrentQueue<string> passwords = new();

    public TestMailServer(SmtpSecurity security = SmtpSecurity.None, string? user = null, string? password = null)
    {
        Port = FreePort();
        var options = new SmtpServerOptionsBuilder().ServerName("localhost")
            .Endpoint(endpoint =>
            {
                endpoint.Endpoint(new IPEndPoint(IPAddress.Loopback, Port)).AuthenticationRequired(user is not null);
                if (security != SmtpSecurity.None)
                    endpoint.Certificate(Certificate).IsSecure(security == SmtpSecurity.Tls);
            }).Build();
        var services = new ServiceProvider();
        services.Add(new DelegatingUserAuthenticator((name, secret) =>
        {
            passwords.Enqueue(secret);
            return name == user && secret == password;
        }));
        services.Add(new Store(this));
        services.Add(new Filter(this));
        server = new(options, services);
        running = server.StartAsync(CancellationToken.None);
    }

    public int Port { get; }

    public X509Certificate2 Certificate { get; } = TestCertificate.Create();

    /// <summary>The settings with which Auth.Server sends its mail here.</summary>
    public string[] Settings =>
    [
        "--Smtp:Host=127.0.0.1", $"--Smtp:Port={Port}", "--Smtp:Security=None", "--Smtp:From=no-reply@scileads.example",
    ];

    public IReadOnlyList<MimeMessage> Received => [.. received];

    /// <summary>The passwords that somebody has tried.</summary>
    public IReadOnlyCollection<string> Passwords => passwords;

    /// <summary>A recipient whom it does not accept.</summary>
    public string? Refused { get; set; }

    /// <summary>Whether it keeps messages but does not confirm that, like one whose connection is lost.</summary>
    public bool LosesConfirmations { get; set; }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public async ValueTask DisposeAsync()
    {
        server.Shutdown();
        await running;
        foreach (var message in received)
            message.Dispose();
        Certificate.Dispose();
    }

    private sealed class Store(TestMailServer owner) : MessageStore
    {
        public override async Task<SmtpResponse> SaveAsync(
            ISessionContext context,
            IMessageTransaction transaction,
            ReadOnlySequence<byte> buffer,
            CancellationToken cancellationToken)
        {
            using var content = new MemoryStream(buffer.ToArray());
            owner.received.Enqueue(await MimeMessage.LoadAsync(content, cancellationToken));
            return owner.LosesConfirmations ? new SmtpResponse((SmtpReplyCode)451, "try again later") : SmtpResponse.Ok;
        }
    }

    private sealed class Filter(TestMailServer owner) : MailboxFilter
    {
        public override Task<bool> CanDeliverToAsync(
            ISessionContext context, IMailbox to, IMailbox @from, CancellationToken cancellationToken) =>
            Task.FromResult($"{to.User}@{to.Host}" != owner.Refused);
    }
}
