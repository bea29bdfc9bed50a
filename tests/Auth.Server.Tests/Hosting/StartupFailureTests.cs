using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;
using Shared.Hosting;
using Shared.Hosting.Data;

namespace Auth.Server.Tests.Hosting;

/// <summary>Distinguishes database outages, problems that the operator must fix, and program errors.</summary>
public sealed class StartupFailureTests
{
    private static readonly (Exception Error, bool IsOutage, bool IsOperators)[] errors =
    [
        (Sqlite(5), true, true), (Sqlite(6), true, true), (Sqlite(8), true, true), (Sqlite(10), true, true),
        (Sqlite(11), true, true), (Sqlite(13), true, true), (Sqlite(14), true, true), (Sqlite(26), true, true),
        (Sqlite(1), false, false), (Sqlite(19), false, false), (Sqlite(9), false, false),
        (Postgres("57P01"), true, true), (Postgres("57P03"), true, true), (Postgres("53300"), true, true),
        (Postgres("53100"), true, true), (Postgres("08006"), true, true), (Postgres("25006"), true, true),
        (Postgres("3D000"), true, true), (Postgres("28P01"), true, true), (Postgres("58030"), true, true),
        (Postgres("40001"), true, true), (Postgres("40P01"), true, true), (Postgres("55000"), true, true),
        (Postgres("42P01"), false, false), (Postgres("23505"), false, false), (Postgres("22P02"), false, false),
        (Postgres("42601"), false, false), (Postgres("25P03"), true, true),
        (new NpgsqlException("The connection pool has been exhausted", new TimeoutException()), true, true),
        (new NpgsqlException("Exception while reading from stream", new EndOfStreamException()), true, true),
        (new SocketException((int)SocketError.HostNotFound), true, true),
        (new TimeoutException(), true, true),
        (new DbUpdateException("", Sqlite(13)), true, true),
        (new DbUpdateException("", Postgres("23505")), false, false),
        (new InvalidOperationException("likely due to a transient failure", Postgres("57P01")), true, true),
        (new HttpRequestException("", new SocketException()), false, false),
        (NullReference("Npgsql"), true, true), (NullReference("Auth.Server"), false, false),
        (new InvalidOperationException("a bug"), false, false), (new ArgumentException("a bug"), false, false),
        (new KeyNotFoundException(), false, false),
        (new System.Security.Cryptography.CryptographicException("a bug"), false, false),
        (new OperatorException("Auth:DataDirectory is not set."), false, true),
        (new OptionsValidationException("", typeof(object), ["one", "two"]), false, true),
        (new AggregateException(new OperatorException("one"), new OperatorException("two")), false, true),
        (new AggregateException(new OperatorException("one"), new InvalidOperationException("a bug")), false, false),
        (new IOException("Failed to bind to address", new AddressInUseException("in use")), false, true),
        (new UnauthorizedAccessException("others can read it"), false, true),
    ];

    private static IEnumerable<TestCaseData> Errors() => errors.Select((error, i) => new TestCaseData(error.Error)
    {
        ExpectedResult = (error.IsOutage, error.IsOperators),
        TestName = $"{i}: {error.Error.GetType().Name} {error.Error.Message}",
    });

    [TestCaseSource(nameof(Errors))]
    public (bool, bool) Each_failure_is_what_it_is(Exception error) =>
        (DatabaseOutage.IsCauseOf(error), StartupFailure.Sentences(error) is not null);

    private static SqliteException Sqlite(int code) => new($"SQLite Error {code}", code);

#pragma warning disable CA2201 // The runtime's own exception, from the assembly that is named.
    private static NullReferenceException NullReference(string source) => new($"in {source}") { Source = source };
#pragma warning restore CA2201

    private static PostgresException Postgres(string state) => new("message", "ERROR", "ERROR", state);
}
