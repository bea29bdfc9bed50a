using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Shared.Hosting.Data;

/// <summary>Times in the database are UTC. SQLite does not store the kind, so it is set when they are read.</summary>
public sealed class UtcConverter() : ValueConverter<DateTime, DateTime>(
    time => time.ToUniversalTime(), stored => DateTime.SpecifyKind(stored, DateTimeKind.Utc));
