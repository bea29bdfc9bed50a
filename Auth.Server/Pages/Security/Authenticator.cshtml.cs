using Auth.Server.Administrators;
using Microsoft.AspNetCore.Mvc;

namespace Auth.Server.Pages.Security;

/// <summary>Sets up an authenticator app, or another in its place: it counts once it has shown a code.</summary>
[RecentSignIn]
internal sealed class AuthenticatorModel(SecondFactorRegister factors, AuthenticatorApps apps)
    : SecondFactorPage(factors)
{
    private const string App = "authenticator app";

    /// <summary>Names the key that was offered.</summary>
    [BindProperty]
    public string? Ticket { get; set; }

    [BindProperty]
    public string? Code { get; set; }

    public bool HasOne { get; private set; }

    public OfferedKey Offered { get; private set; } = null!;

    public async Task OnGet(CancellationToken cancellation)
    {
        HasOne = (await Factors.Of(Administrator.AdministratorId, cancellation)).App;
        Offered = apps.OfferAgain(Administrator, Ticket) ?? apps.Offer(Administrator);
    }

    public async Task<IActionResult> OnPost(CancellationToken cancellation)
    {
        if (await Adds(
            App, () => Accept(cancellation), "Your authenticator app is set up. Your other sessions were ended.", cancellation)
            is { } added)
        {
            return added;
        }

        await OnGet(cancellation);
        return Page();
    }

    public async Task<IActionResult> OnPostRemove(CancellationToken cancellation)
    {
        if (await Removes(
            App, () => apps.Remove(Administrator.AdministratorId, cancellation),
            "Your authenticator app was removed. Your other sessions were ended.", cancellation))
        {
            return LocalRedirect(OverviewModel.Path);
        }

        await OnGet(cancellation);
        return Page();
    }

    private async Task Accept(CancellationToken cancellation)
    {
        if (!await apps.Accept(Administrator, Ticket, Code, cancellation))
        {
            throw ProblemException.Invalid(
                "This is not the code of the key below. Check that the device's clock is right, and enter the next code.");
        }
    }
}
