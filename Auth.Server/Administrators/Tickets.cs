using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;

namespace Auth.Server.Administrators;

/// <summary>
/// What the server gives to a browser to have it back later, unread and unchanged: good for one purpose, and for a
/// while.
/// </summary>
internal sealed class Tickets(IDataProtectionProvider protection, TimeProvider time)
{
    public string Issue<T>(string purpose, T content, TimeSpan lifetime) =>
        Protector(purpose).Protect(JsonSerializer.Serialize(new Ticket<T>(content, time.GetUtcNow() + lifetime)));

    /// <summary>What was put into a ticket; null if it is none, is for another purpose or has expired.</summary>
    public T? Read<T>(string purpose, string? ticket)
        where T : class
    {
        try
        {
            var read = JsonSerializer.Deserialize<Ticket<T>>(Protector(purpose).Unprotect(ticket ?? ""));
            return read!.ExpiresAt > time.GetUtcNow() ? read.Content : null;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private IDataProtector Protector(string purpose) => protection.CreateProtector("ticket", purpose);

    private sealed record Ticket<T>(T Content, DateTimeOffset ExpiresAt);
}
