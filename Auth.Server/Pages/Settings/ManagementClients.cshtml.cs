using Auth.Server.Administrators;
using Auth.Server.Connect;
using Auth.Server.Pages.Security;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Auth.Server.Pages.Settings;

/// <summary>The programs that read and rotate the account's credentials through the management API. Each knows this account only.</summary>
[RecentSignIn]
internal sealed class ManagementClientsModel(ManagementClients clients, AuthOptions options) : PageModel
{
    public const string Path = "/settings/management-clients";

    [BindProperty]
    public string? Name { get; set; }

    [BindProperty]
    public string? Jwks { get; set; }

    [BindProperty]
    public bool ReadOnly { get; set; }

    [TempData]
    public string? Done { get; set; }

    public IReadOnlyList<Client> Clients { get; private set; } = [];

    public string? Refusal { get; private set; }

    /// <summary>Where the API is.</summary>
    public Uri ApiUrl { get; } = new(options.PublicUrl, Management.ManagementApi.Root);

    public async Task OnGet(CancellationToken cancellation) =>
        Clients = await clients.List(SignedIn.From(User).AccountId, cancellation);

    public Task<IActionResult> OnPostAdd(CancellationToken cancellation) => Try(
        async administrator =>
        {
            var client = await clients.Add(
                new(Name ?? "", Jwks ?? "", administrator.AccountId, ReadOnly, administrator.Email), cancellation);
            return $"{client.DisplayName} may call the management API now, as client {client.ClientId}.";
        },
        cancellation);

    public Task<IActionResult> OnPostRemove(string clientId, CancellationToken cancellation) => Try(
        async administrator =>
        {
            await clients.Remove(clientId, administrator.AccountId, cancellation);
            return "The client was removed. Its tokens are dead.";
        },
        cancellation);

    private async Task<IActionResult> Try(Func<SignedIn, Task<string>> act, CancellationToken cancellation)
    {
        try
        {
            Done = await act(SignedIn.From(User));
            return LocalRedirect(Path);
        }
        catch (ProblemException problem)
        {
            Response.StatusCode = problem.Status;
            Refusal = problem.Message;
        }

        await OnGet(cancellation);
        return Page();
    }
}
