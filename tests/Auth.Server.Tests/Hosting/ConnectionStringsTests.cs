using Microsoft.Data.Sqlite;
using Npgsql;
using Shared.Hosting.Data;

namespace Auth.Server.Tests.Hosting;

/// <summary>The defaults of connection strings hold unless the operator says otherwise.</summary>
public sealed class ConnectionStringsTests
{
    [TestCase("", 20, 10, 10, "Auth.Server")]
    [TestCase(";Maximum Pool Size=50", 50, 10, 10, "Auth.Server")]
    [TestCase(";maximum pool size=50", 50, 10, 10, "Auth.Server")]
    [TestCase(";MaxPoolSize=50", 50, 10, 10, "Auth.Server")]
    [TestCase(";Timeout=3", 20, 3, 10, "Auth.Server")]
    [TestCase(";Command Timeout=60;Application Name=mine", 20, 10, 60, "mine")]
    public void Postgres_has_defaults(string says, int pool, int timeout, int commandTimeout, string name)
    {
        var settings = new NpgsqlConnectionStringBuilder(
            ConnectionStrings.WithDefaults("Host=db;Database=auth;Username=auth" + says, "Auth.Server"));
        Assert.That(settings.MaxPoolSize, Is.EqualTo(pool));
        Assert.That(settings.Timeout, Is.EqualTo(timeout));
        Assert.That(settings.CommandTimeout, Is.EqualTo(commandTimeout));
        Assert.That(settings.ApplicationName, Is.EqualTo(name));
        Assert.That(settings.TcpKeepAlive, Is.True);
        Assert.That((settings.Host, settings.Database), Is.EqualTo(("db", "auth")));
    }

    [TestCase("db.example.com", true)]
    [TestCase("db1.example.com,db2.example.com:5433", true)]
    [TestCase("/var/run/postgresql", false, Description = "A Unix socket does not support TCP options.")]
    [TestCase("@abstract", false)]
    public void Idle_TCP_connections_have_keep_alive(string host, bool keepsAlive) =>
        Assert.That(
        new NpgsqlConnectionStringBuilder(ConnectionStrings.WithDefaults($"Host={host}", "Auth.Server")).TcpKeepAlive,
        Is.EqualTo(keepsAlive));

    [TestCase("Data Source=auth.db", 10)]
    [TestCase("Data Source=auth.db;Default Timeout=2", 2)]
    [TestCase("Data Source=auth.db;Command Timeout=3", 3)]
    public void Sqlite_has_defaults(string says, int timeout)
    {
        var settings = new SqliteConnectionStringBuilder(ConnectionStrings.WithDefaults(says, "Auth.Server"));
        Assert.That(settings.DefaultTimeout, Is.EqualTo(timeout));
        Assert.That(settings.DataSource, Is.EqualTo("auth.db"));
    }

    [TestCase("", 5)]
    [TestCase(";Keepalive=30", 30)]
    public void A_listening_connection_is_kept_alive(string says, int keepAlive)
    {
        var settings = new NpgsqlConnectionStringBuilder(
            ConnectionStrings.ForListening("Host=db" + says, "Auth.Server"));
        Assert.That(settings.Pooling, Is.False);
        Assert.That(settings.KeepAlive, Is.EqualTo(keepAlive));
    }
}
