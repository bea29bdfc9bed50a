using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Shared.Hosting.Data;

/// <summary>Times in a database are UTC. SQLite does not record that, so it is said again when they are read.</summary>
public sealed class UtcConverter() : ValueConverter<DateTime, DateTime>(
    time => time.ToUniversalTime(), stored => DateTime.SpecifyKind(stored, DateTimeKind.Utc));
