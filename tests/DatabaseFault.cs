using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;

namespace SciLeads.Tests;

/// <summary>
/// A database that can be made to fail in reality, not by throwing exceptions. PostgreSQL is reached
/// through a relay that can be cut or stopped; SQLite's file can be moved away, and its connections can be told that the
/// disk is full.
/// </summary>
internal sealed class DatabaseFault : IDisposable
{
    private readonly string database;
    private readonly PostgresRelay? relay;
    private readonly SqlitePragmas? pragmas;

    private DatabaseFault(string kind, string database, PostgresRelay? relay)
    {
        (Kind, this.database, this.relay) = (kind, database, relay);
        ConnectionString = relay is null ? database : relay.ConnectionString;
        if (relay is null)
            pragmas = new(DataSource);
    }

    /// <summary>All kinds of faults of the database of this run.</summary>
    public static IEnumerable<string> Kinds => TestPostgres.IsWanted
        ? ["down", "hangs", "read-only"]
        : ["gone", "full", "read-only"];

    public string Kind { get; }

    /// <summary>Whether even reading is impossible.</summary>
    public bool IsTotal => Kind is "down" or "hangs" or "gone";

    /// <summary>The connection string for the server under test.</summary>
    public string ConnectionString { get; }

    private string DataSource => new SqliteConnectionStringBuilder(database).DataSource;

    /// <summary>A database that works until <see cref="Begin"/>.</summary>
    /// <param name="kind">One of <see cref="Kinds"/>.</param>
    /// <param name="folder">The folder of the SQLite file.</param>
    public static DatabaseFault Of(string kind, string folder)
    {
        if (!TestPostgres.IsWanted)
            return new(kind, $"Data Source={Path.Combine(folder, "faulty.db")}", null);
        var database = TestPostgres.NewDatabase();
        return new(kind, database, new PostgresRelay(database));
    }

    public async Task Begin()
    {
        switch (Kind)
        {
            case "down":
                relay!.Cut();
                break;
            case "hangs":
                relay!.Stop();
                break;
            case "read-only" when relay is not null:
                await Configure("SET default_transaction_read_only = on");
                break;
            case "gone":
                Move("", ".away");
                // Anyone who opens it now finds something that is not a database.
                Directory.CreateDirectory(DataSource);
                break;
            case "full":
                pragmas!.Set("PRAGMA max_page_count = 1");
                break;
            case "read-only":
                pragmas!.Set("PRAGMA query_only = 1");
                break;
            default:
                throw new InvalidOperationException($"There is no fault {Kind}.");
        }
    }

    public async Task End()
    {
        switch (Kind)
        {
            case "down" or "hangs":
                relay!.Resume();
                break;
            case "read-only" when relay is not null:
                await Configure("RESET default_transaction_read_only");
                break;
            case "gone":
                Directory.Delete(DataSource);
                Move(".away", "");
                break;
            default:
                pragmas!.Set("PRAGMA max_page_count = 1073741823; PRAGMA query_only = 0");
                break;
        }
    }

    public void Dispose()
    {
        relay?.Dispose();
        pragmas?.Dispose();
    }

    private void Move(string from, string to)
    {
        SqliteConnection.ClearAllPools();
        foreach (var part in new[] { "", "-wal", "-shm" })
        {
            if (File.Exists(DataSource + part + from))
                File.Move(DataSource + part + from, DataSource + part + to);
        }
    }

    private async Task Configure(string change)
    {
        var settings = new NpgsqlConnectionStringBuilder(database);
        var name = settings.Database;
        settings.Database = "postgres";
        settings.Pooling = false;
        await using var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync();
#pragma warning disable CA2100 // The name is generated here.
        await using var command = new NpgsqlCommand(
            $"ALTER DATABASE {name} {change}; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
            + $"'{name}'",
            connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Passes bytes between a TCP port and a PostgreSQL server, until it is cut or stopped.</summary>
    private sealed class PostgresRelay : IDisposable
    {
        private readonly TcpListener listener = new(IPAddress.Loopback, 0);
        private readonly List<Socket> sockets = [];
        private readonly EndPoint server;
        private readonly AddressFamily family;
        private volatile TaskCompletionSource passing = new();
        private volatile bool isCut;

        public PostgresRelay(string database)
        {
            var settings = new NpgsqlConnectionStringBuilder(database);
            (server, family) = settings.Host!.StartsWith('/')
                ? (new UnixDomainSocketEndPoint($"{settings.Host}/.s.PGSQL.{settings.Port}"), AddressFamily.Unix)
                : ((EndPoint)new DnsEndPoint(settings.Host, settings.Port), AddressFamily.InterNetwork);
            passing.SetResult();
            listener.Start();
            settings.Host = "127.0.0.1";
            settings.Port = ((IPEndPoint)listener.LocalEndpoint).Port;
            // Shorter than the timeouts of a client, but longer than a search may take.
            (settings.Timeout, settings.CommandTimeout, settings.CancellationTimeout) = (3, 3, 100);
            ConnectionString = settings.ConnectionString;
            _ = Accept();
        }

        public string ConnectionString { get; }

        public void Cut()
        {
            isCut = true;
            lock (sockets)
            {
                foreach (var socket in sockets)
                    socket.Dispose();
                sockets.Clear();
            }
        }

        public void Stop() => passing = new();

        public void Resume()
        {
            isCut = false;
            passing.TrySetResult();
        }

        public void Dispose()
        {
            listener.Dispose();
            Cut();
            passing.TrySetResult();
        }

        private async Task Accept()
        {
            try
            {
                while (true)
                    _ = Serve(await listener.AcceptSocketAsync());
            }
            catch (Exception stopped) when (stopped is SocketException or ObjectDisposedException)
            {
            }
        }

        private async Task Serve(Socket client)
        {
            var backend = new Socket(family, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                lock (sockets)
                {
                    if (isCut)
                        throw new SocketException((int)SocketError.ConnectionReset);
                    sockets.AddRange([client, backend]);
                }
                await backend.ConnectAsync(server);
                await Task.WhenAny(Pass(client, backend), Pass(backend, client));
            }
            catch (Exception broken) when (broken is SocketException or ObjectDisposedException)
            {
            }
            finally
            {
                client.Dispose();
                backend.Dispose();
            }
        }

        private async Task Pass(Socket from, Socket to)
        {
            var buffer = new byte[16 * 1024];
            while (await from.ReceiveAsync(buffer) is > 0 and var count)
            {
                await passing.Task;
                for (var sent = 0; sent < count;)
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent));
            }
        }
    }

    /// <summary>Runs pragmas on each connection that Entity Framework opens to one SQLite database.</summary>
    private sealed class SqlitePragmas : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>, IDisposable
    {
        private readonly List<IDisposable> subscriptions = [];
        private readonly string file;
        private volatile string? pragmas;

        public SqlitePragmas(string file)
        {
            this.file = file;
            subscriptions.Add(DiagnosticListener.AllListeners.Subscribe(this));
        }

        public void Set(string text) => pragmas = text;

        public void OnNext(DiagnosticListener value)
        {
            if (value.Name == DbLoggerCategory.Name)
                subscriptions.Add(value.Subscribe(this));
        }

        public void OnNext(KeyValuePair<string, object?> value)
        {
            if (value.Key != RelationalEventId.ConnectionOpened.Name || pragmas is not { } text
                || value.Value is not ConnectionEndEventData { Connection: SqliteConnection connection }
                || connection.DataSource != file)
                return;
            using var command = connection.CreateCommand();
#pragma warning disable CA2100 // A test's own text.
            command.CommandText = text;
#pragma warning restore CA2100
            command.ExecuteNonQuery();
        }

        public void OnCompleted()
        {
        }

        public void OnError(Exception error)
        {
        }

        public void Dispose()
        {
            foreach (var subscription in subscriptions)
                subscription.Dispose();
        }
    }
}
