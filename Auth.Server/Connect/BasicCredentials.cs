using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Auth.Server.Connect;

/// <summary>
/// Reads the client's id and secret from the Authorization header (RFC 6749 §2.3.1). Unlike OpenIddict, it refuses an
/// empty secret, and a different client id in the body.
/// </summary>
internal sealed class BasicCredentials<TContext> : IOpenIddictServerHandler<TContext>
    where TContext : BaseValidatingContext
{
    public ValueTask HandleAsync(TContext context)
    {
        if (context.Transaction.Request is not { } request
            || !AuthenticationHeaderValue.TryParse(
                context.Transaction.GetHttpRequest()?.Headers.Authorization, out var header)
            || !header.Scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase))
        {
            return ValueTask.CompletedTask;
        }

        if (Read(header.Parameter) is not var (id, secret))
        {
            context.Reject(
                Errors.InvalidRequest, "The Authorization header is not valid: send Basic, then ID:SECRET in base64.");
        }
        else if (request.ClientSecret is not null || request.ClientAssertion is not null)
        {
            context.Reject(Errors.InvalidRequest, "The client authenticates in more than one way; use only one.");
        }
        else if (request.ClientId is { } other && other != id)
        {
            context.Reject(
                Errors.InvalidRequest, "The client_id in the body differs from the one in the Authorization header.");
        }
        else
        {
            request.ClientId = id;
            request.ClientSecret = secret;
            if (secret.Length == 0)
                context.Reject(Errors.InvalidClient, "The client secret in the Authorization header is empty.");
        }

        return ValueTask.CompletedTask;
    }

    private static (string Id, string Secret)? Read(string? base64)
    {
        var bytes = new byte[base64?.Length ?? 0];
        if (!Convert.TryFromBase64String(base64 ?? "", bytes, out var length))
            return null;
        var text = Encoding.UTF8.GetString(bytes, 0, length);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? null : (Decode(text[..colon]), Decode(text[(colon + 1)..]));
    }

    // Id and secret are form-encoded before they are joined (RFC 6749 §2.3.1, appendix B).
    private static string Decode(string encoded) => Uri.UnescapeDataString(encoded.Replace('+', ' '));
}
