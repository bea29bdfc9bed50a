using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using Auth.Server.Tests.Pages;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Shared.Contracts;

namespace Auth.Server.Tests;

/// <summary>A client that disconnects before the response is not a server error, so no stack trace is logged.</summary>
[NonParallelizable]
[Category("AnyDatabase")]
[Category("Slow")]
public sealed class AbortedRequestsTests
{
    [Test]
    public async Task A_cancelled_request_logs_no_stack_trace()
    {
        await using var server = await AuthServer.Start();
        using var log = new Faults();
        server.Services.GetRequiredService<ILoggerFactory>().AddProvider(log);
        var account = await server.CreateAccount();
        await server.CreateAdministrator(account);
        var issued = await server.Generate(account, CredentialMethods.OAuth2);
        using var ada = await Browser.SignedIn(server);
        var form = await ada.Open("/sign-in");
        using var http = server.CreateClient();

        await Task.WhenAll(Enumerable.Range(0, 120).Select(async i =>
        {
            using var leaving = new CancellationTokenSource(TimeSpan.FromMilliseconds(i / 2));
            try
            {
                await Request(i % 6, leaving.Token);
            }
            catch (Exception error) when (error is OperationCanceledException or HttpRequestException)
            {
            }
        }));
        // When the server has stopped, no request is in progress any more.
        Assert.That((await ada.Open("/")).Status, Is.EqualTo(200));

        Assert.That(log.Lines, Is.Empty);

        Task Request(int kind, CancellationToken leaving) => kind switch
        {
            0 => ada.Open("/", leaving),
            1 => ada.Open("/settings/audit-log?handler=Csv", leaving),
            2 => ada.Open("/settings/user-management", leaving),
            3 => http.PostAsync(
                new Uri("/sign-in", UriKind.Relative), Form(("email", "ada@example.com"), ("password", "wrong")),
                leaving),
            4 => http.PostAsync(
                new Uri("/connect/token", UriKind.Relative),
                Form(
                    ("grant_type", "client_credentials"), ("client_id", issued.Set.ClientId!),
                    ("client_secret", issued.ClientSecret!)),
                leaving),
            _ => http.PostAsync(
                new Uri("/connect/introspect", UriKind.Relative), Form(("token", "x"), ("client_id", "scim")), leaving),
        };
    }

    [Test]
    public async Task A_request_cancelled_while_sending_logs_no_stack_trace(
        [Values("/connect/token", "/connect/par", "/connect/revoke", "/connect/introspect", "/connect/authorize", "/sign-in",
            "/sign-in?handler=Code", "/invitation", "/management/accounts", "/events/poll", "/")] string path,
        [Values("closed", "reset")] string how,
        [Values("application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "application/json")] string type)
    {
        using var log = new Faults();
        await using (var server = await AuthServer.Start())
        {
            server.Services.GetRequiredService<ILoggerFactory>().AddProvider(log);
            foreach (var chunked in new[] { false, true })
            {
                using var client = new TcpClient();
                await client.ConnectAsync(server.Address.Host, server.Address.Port);
                client.LingerState = new(how == "reset", 0);
                var length = chunked ? "Transfer-Encoding: chunked" : "Content-Length: 1000";
                await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
                    $"POST {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\nContent-Type: "
                    + $"{type}\r\n{length}\r\n\r\n"
                    + $"{(chunked ? "64\r\n" : "")}client_id=a&code=b"));
                // The server has begun to read when it responds to a later request.
                using var other = server.CreateClient();
                using var answer = await other.GetAsync(new Uri("/health/live", UriKind.Relative));
            }
        }

        Assert.That(log.Lines, Is.Empty);
    }

    private static FormUrlEncodedContent Form(params (string Name, string Value)[] fields) =>
        new(fields.Select(field => KeyValuePair.Create(field.Name, field.Value)));

    /// <summary>Keeps what is logged with an exception, or as an error.</summary>
    private sealed class Faults : ILoggerProvider
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => new Log(categoryName, Lines);

        public void Dispose()
        {
        }

        private sealed class Log(string category, ConcurrentQueue<string> lines) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull => null;

            public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

            void ILogger.Log<TState>(
                LogLevel logLevel, EventId eventId, TState state, Exception? exception,
                Func<TState, Exception?, string> formatter)
            {
                // Scim.Api, which is not there in this test, is another matter.
                // Kestrel's own complaint is of a read that it gave up itself when the connection went.
                if (category is not ("Polly" or "Microsoft.AspNetCore.Server.Kestrel")
                    && IsEnabled(logLevel)
                    && (exception is not null || logLevel >= LogLevel.Error))
                    lines.Enqueue($"{category}: {formatter(state, exception)} {exception}");
            }
        }
    }
}
