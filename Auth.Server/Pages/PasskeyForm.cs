using Auth.Server.Administrators;

namespace Auth.Server.Pages;

/// <summary>
/// A form that asks for a passkey. The script shows it if the browser supports passkeys. If it offers autofill, the
/// browser may suggest a passkey like a password.
/// </summary>
internal sealed record PasskeyForm(
    PasskeyRequest Request, string Action, string? ReturnUrl, bool OffersAutofill = false);
