using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Auth.Server.Data;

/// <summary>All times in the database are UTC; SQLite forgets to say so when it reads them back.</summary>
internal sealed class UtcConverter() : ValueConverter<DateTime, DateTime>(
    time => time, stored => DateTime.SpecifyKind(stored, DateTimeKind.Utc));
