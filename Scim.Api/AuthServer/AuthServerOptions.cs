using System.ComponentModel.DataAnnotations;

namespace Scim.Api.AuthServer;

/// <summary>The authorization server whose tokens are accepted, and how this server authenticates there.</summary>
internal sealed class AuthServerOptions : IValidatableObject
{
    public const string Section = "AuthServer";

    /// <summary>The <c>iss</c> claim of its tokens: the public address of Auth.Server.</summary>
    [Required(ErrorMessage = "AuthServer__Issuer is not set: it is the public address of Auth.Server.")]
    public string Issuer { get; init; } = "";

    /// <summary>The address at which this server reaches Auth.Server, usually on the internal network.</summary>
    [Required(ErrorMessage = "AuthServer__Url is not set: it is the address at which Scim.Api reaches Auth.Server.")]
    public string Url { get; init; } = "";

    /// <summary>The private key of this server's client, PEM, EC P-256; <c>client-key create</c> creates it.</summary>
    [Required(ErrorMessage = "AuthServer__ClientKeyFile is not set: \"Scim.Api client-key create\" creates that file.")]
    public string ClientKeyFile { get; init; } = "";

    /// <summary>The base of <see cref="Shared.Contracts.AuthServerPaths"/>.</summary>
    public Uri BaseAddress => new(Url.TrimEnd('/') + "/");

    /// <summary>A URL without a path may be written with or without the slash at its end (RFC 3986 §6.2.3).</summary>
    public IReadOnlyList<string> IssuerSpellings => [Issuer.TrimEnd('/'), Issuer.TrimEnd('/') + "/"];

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!IsHttp(Issuer))
            yield return new($"AuthServer__Issuer must be an absolute http or https address, not \"{Issuer}\".");
        else if (new Uri(Issuer) is { Scheme: "http", IsLoopback: false })
            yield return new("AuthServer__Issuer must begin with https:// unless it is on this machine.");
        if (!IsHttp(Url))
            yield return new($"AuthServer__Url must be an absolute http or https address, not \"{Url}\".");
        if (ClientKey.Fault(ClientKeyFile) is { } fault)
            yield return new(fault);
    }

    private static bool IsHttp(string address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https";
}
