using Auth.Server.Administrators;
using Microsoft.AspNetCore.Mvc;

namespace Auth.Server.Pages.Security;

/// <summary>Sets up or replaces an authenticator app. It takes effect when a code has been entered.</summary>
[RecentSignIn]
internal sealed class AuthenticatorModel(SecondFactorRegister factors, AuthenticatorApps apps)
    : SecondFactorPage(factors)
{
    private const string App = "authenticator app";

    /// <summary>Contains the key that was offered.</summary>
    [BindProperty]
    public string? Ticket { get; set; }

    [BindProperty]
    public string? Code { get; set; }

    public bool HasOne { get; private set; }

    public OfferedKey Offered { get; private set; } = null!;

    public Task OnGet(CancellationToken cancellation) => Load(cancellation);

    public Task<IActionResult> OnPost(CancellationToken cancellation) => Add(
        App, () => Accept(cancellation), "Your authenticator app is set up. Your other sessions were ended.",
        cancellation);

    public Task<IActionResult> OnPostRemove(CancellationToken cancellation) => Remove(
        App, () => apps.Remove(Administrator.AdministratorId, cancellation),
        "Your authenticator app was removed. Your other sessions were ended.", cancellation);

    protected override async Task Load(CancellationToken cancellation)
    {
        HasOne = (await Factors.Of(Administrator.AdministratorId, cancellation)).App;
        Offered = apps.OfferAgain(Administrator, Ticket) ?? apps.Offer(Administrator);
    }

    private async Task Accept(CancellationToken cancellation)
    {
        if (!await apps.Accept(Administrator, Ticket, Code, cancellation))
        {
            throw ProblemException.Invalid(
                "This code does not match the key below. Check the clock of your device, and enter the next code.");
        }
    }
}
