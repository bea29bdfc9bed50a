using Auth.Server.Administrators;

namespace Auth.Server.Pages;

/// <summary>
/// A form that a passkey's answer is sent with. The script shows it where the browser knows passkeys, and if it offers
/// itself, the browser may fill in a passkey like a password.
/// </summary>
internal sealed record PasskeyForm(
    PasskeyRequest Request, string Action, string? ReturnUrl, bool OffersAutofill = false);
