using System.Collections.Concurrent;
using Auth.Server.Connect;
using Auth.Server.Tests.Connect;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SciLeads.Tests;
using Shared.Contracts;

namespace Auth.Server.Tests.Data;

/// <summary>What a save outside of a transaction costs, and that it is still atomic.</summary>
public sealed class SaveTests
{
    [Test]
    public async Task A_token_by_client_credentials_costs_one_query_and_one_insert()
    {
        await using var server = await AuthServer.Start(
            "--Logging:LogLevel:Microsoft.EntityFrameworkCore.Database=Debug");
        var issued = await server.Generate(await server.CreateAccount(), CredentialMethods.OAuth2);
        using var http = server.CreateClient();
        using var calls = new DatabaseCalls();
        server.Services.GetRequiredService<ILoggerFactory>().AddProvider(calls);

        await http.ClientCredentialsToken(issued.Set.ClientId!, issued.ClientSecret!);

        // On SQLite, a save is always a transaction, and the only writer.
        string[] expected = TestPostgres.IsWanted ? ["SELECT", "INSERT"] : ["SELECT", "Began ", "INSERT"];
        Assert.That(calls.Made.Select(call => call[..6]), Is.EqualTo(expected), string.Join('\n', calls.Made));
    }

    [Test]
    public async Task A_save_of_several_rows_is_all_or_nothing()
    {
        await using var server = await AuthServer.Start();

        await server.WithDatabase(async db =>
        {
            db.Add(new Grant { Id = Guid.NewGuid() });
            db.Add(new Token { Id = Guid.NewGuid(), CredentialSetId = Guid.NewGuid() });
            Assert.That(() => db.SaveChangesAsync(), Throws.InstanceOf<DbUpdateException>());
            return true;
        });

        Assert.That(await server.WithDatabase(db => db.Grants.CountAsync()), Is.Zero);
    }

    /// <summary>Records the statements sent to the database, and the transactions and savepoints begun.</summary>
    private sealed class DatabaseCalls : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Made { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?,
            string> formatter)
        {
            if (eventId == RelationalEventId.CommandExecuted)
            {
                Made.Enqueue((string)((IEnumerable<KeyValuePair<string, object?>>)state!)
                    .Single(value => value.Key == "commandText").Value!);
            }
            else if (eventId == RelationalEventId.TransactionStarted
                || eventId == RelationalEventId.CreatedTransactionSavepoint)
            {
                Made.Enqueue(formatter(state, exception));
            }
        }

        public void Dispose()
        {
        }
    }
}
