using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;

namespace Auth.Server.Administrators;

/// <summary>
/// Data that the server gives to a browser and gets back later: encrypted, protected against changes, and valid for one
/// purpose and a limited time.
/// </summary>
internal sealed class Tickets(IDataProtectionProvider protection, TimeProvider time)
{
    public string Issue<T>(string purpose, T content, TimeSpan lifetime) =>
        Protector(purpose).Protect(JsonSerializer.Serialize(new Ticket<T>(content, time.GetUtcNow() + lifetime)));

    /// <summary>The content of a ticket; null if it is not valid, is for another purpose or has expired.</summary>
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
