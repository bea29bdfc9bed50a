using System.ComponentModel.DataAnnotations;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using Shared.Hosting.Text;

namespace Auth.Server;

/// <summary>The mail server: the settings section <c>Smtp</c>. Without a host, no e-mail is sent.</summary>
internal sealed class SmtpOptions : IValidatableObject
{
    /// <summary>The mail server's name or IP address; null sends no e-mail.</summary>
    public string? Host { get; init; }

    /// <summary>The mail server's port: usually 587 for message submission (RFC 6409).</summary>
    [Range(1, 65535, ErrorMessage = "Smtp:Port must be from 1 to 65535.")]
    public int Port { get; init; } = 587;

    /// <summary>How the connection is encrypted.</summary>
    [EnumDataType(typeof(SmtpSecurity), ErrorMessage = "Smtp:Security must be StartTls, Tls or None.")]
    public SmtpSecurity Security { get; init; } = SmtpSecurity.StartTls;

    /// <summary>The user name at the mail server; null if it requires none.</summary>
    public string? User { get; init; }

    public string? Password { get; init; }

    /// <summary>The e-mail address of the sender.</summary>
    public string? From { get; init; }

    /// <summary>Whether e-mail can be sent.</summary>
    [MemberNotNullWhen(true, nameof(Host), nameof(From))]
    public bool IsConfigured => !string.IsNullOrEmpty(Host) && !string.IsNullOrEmpty(From);

    /// <inheritdoc />
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (string.IsNullOrEmpty(Host))
        {
            if (!string.IsNullOrEmpty(User + Password + From))
                yield return new("Smtp:Host is not set, but other settings of the mail server are.");
            yield break;
        }

        if (Uri.CheckHostName(Host) == UriHostNameType.Unknown)
            yield return new($"Smtp:Host is {Host}, which is not a host name or an IP address.");
        else if (Security == SmtpSecurity.None && !IsThisMachine(Host))
            yield return new("Smtp:Security can be None only if Smtp:Host is this machine.");
        if (string.IsNullOrEmpty(From))
            yield return new("Smtp:From is not set.");
        else if (!EmailAddress.IsValid(From))
            yield return new($"Smtp:From is {From}, which is not a valid e-mail address.");
        if (string.IsNullOrEmpty(User) != string.IsNullOrEmpty(Password))
            yield return new("Smtp:User and Smtp:Password must be set together.");
    }

    private static bool IsThisMachine(string host) =>
        host == "localhost" || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
}

/// <summary>How the connection to the mail server is encrypted.</summary>
internal enum SmtpSecurity
{
    /// <summary>The connection is upgraded to TLS before anything is sent (RFC 3207).</summary>
    StartTls,

    /// <summary>TLS from the beginning (RFC 8314).</summary>
    Tls,

    /// <summary>Not at all.</summary>
    None,
}
