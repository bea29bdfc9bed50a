using System.Text.Json;
using Auth.Server.Accounts;
using Auth.Server.Connect;
using Auth.Server.Credentials;
using Auth.Server.Issuance;
using Auth.Server.Pages.Security;
using Microsoft.AspNetCore.Mvc;
using Shared.Contracts;

namespace Auth.Server.Pages;

/// <summary>
/// Shows the account's credential sets, and generates new ones. The response to the form shows the secrets. For ten
/// minutes, a reload, which sends the same form again, shows them again; after that it is refused, because the form
/// names a set that is no longer current.
/// </summary>
[RecentSignIn(OnlyForms = true)]
internal sealed class ScimCredentialsModel(
    AccountRegister accounts,
    CredentialIssuer issuer,
    CredentialHistory history,
    RememberedForms forms,
    AuthOptions options,
    TimeProvider time)
    : PortalPage, IReturnTo
{
    public const string Path = "/scim-credentials";

    /// <summary>The handler that the script polls every few seconds.</summary>
    public const string NewsHandler = "News";

    private static readonly (int Days, string Name)[] lifetimes =
        [(90, "90 days"), (180, "180 days"), (365, "1 year"), (730, "2 years"), (1095, "3 years")];

    // What fits into cookies: enough for a JWK set with a dozen keys.
    private const int MaxDraftLength = 6000;

    /// <summary>
    /// A new value each time that the form is shown, so that a form that is sent twice is recognized.
    /// </summary>
    [BindProperty]
    public Guid? Form { get; set; }

    /// <summary>
    /// What was filled in before the administrator was asked to confirm their identity. It contains no secrets.
    /// </summary>
    [TempData]
    public string? Draft { get; set; }

    /// <summary>The active set that the administrator saw when the form was sent.</summary>
    [BindProperty]
    public Guid? Replaces { get; set; }

    /// <summary>The staged set that the administrator saw when the form was sent.</summary>
    [BindProperty]
    public Guid? ReplacesStaged { get; set; }

    [BindProperty]
    public string? Method { get; set; }

    /// <summary>What activates the new set; null if it becomes active now.</summary>
    [BindProperty]
    public Activation? TakesOver { get; set; }

    [BindProperty]
    public string? OktaApp { get; set; }

    /// <summary>One per line.</summary>
    [BindProperty]
    public string? OtherRedirectUris { get; set; }

    [BindProperty]
    public bool RequirePkce { get; set; }

    /// <summary>A JWK set of public keys, if the client authenticates with a key.</summary>
    [BindProperty]
    public string? Jwks { get; set; }

    [BindProperty]
    public int LifetimeDays { get; set; } = (int)NewCredentialSet.DirectJwtLifetime.TotalDays;

    public Account Account { get; private set; } = null!;

    /// <summary>What was just done on another page, as a sentence.</summary>
    [TempData]
    public string? Done { get; set; }

    public CredentialSet? Current { get; private set; }

    public CredentialSet? Staged { get; private set; }

    /// <summary>The progress of the set that was just issued, or of the active one.</summary>
    public CredentialNews? News { get; private set; }

    public ExpiryWarning? Expiry { get; private set; }

    /// <summary>The last set of the account, if none is active.</summary>
    public CredentialSet? Ended { get; private set; }

    public IssuedCredentials? Issued { get; private set; }

    public bool HasRedirectUris { get; private set; }

    public string ScimBaseUrl { get; } = options.ScimBaseUrl.ToString();

    public string AuthorizeUrl { get; } = new Uri(options.PublicUrl, AuthorizationServer.AuthorizePath).ToString();

    public string TokenUrl { get; } = new Uri(options.PublicUrl, AuthServerPaths.Token).ToString();

    public static IReadOnlyList<(int Days, string Name)> Lifetimes => lifetimes;

    public string ReturnTo()
    {
        var draft = JsonSerializer.Serialize(
            new FormDraft(Method, TakesOver, OktaApp, OtherRedirectUris, RequirePkce, Jwks, LifetimeDays));
        // Not through the property, which is not saved when a filter responds instead of the page.
        if (draft.Length <= MaxDraftLength)
            TempData[nameof(Draft)] = draft;
        return Path;
    }

    public async Task<IActionResult> OnGet(CancellationToken cancellation)
    {
        if (Draft is { } draft)
            (Method, TakesOver, OktaApp, OtherRedirectUris, RequirePkce, Jwks, LifetimeDays) =
                JsonSerializer.Deserialize<FormDraft>(draft)!;
        await Load(cancellation);
        if (!Account.AllowsScim)
            Response.StatusCode = StatusCodes.Status403Forbidden;
        return Page();
    }

    /// <summary>The progress of one set, for the script.</summary>
    public async Task<IActionResult> OnGetNews(Guid set, CancellationToken cancellation)
    {
        var all = await history.List(Administrator.AccountId, cancellation);
        return all.Find(one => one.Id == set) is { } found
            ? Partial("_CredentialNews", await CredentialNews.Of(found, history, cancellation))
            : NotFound();
    }

    public async Task<IActionResult> OnPost(CancellationToken cancellation)
    {
        var redirectUris = ReadRedirectUris();
        if (IsOAuth && Jwks is { Length: > 0 } jwks)
            Try(nameof(Jwks), () => PublicKeys.Read(jwks));
        if (Method is not (CredentialMethods.OAuth2 or CredentialMethods.DirectJwt))
            ModelState.AddModelError(nameof(Method), "Choose an authentication method.");
        if (ModelState.IsValid)
            await Generate(redirectUris, cancellation);
        else
            Response.StatusCode = StatusCodes.Status400BadRequest;
        await Load(cancellation);
        return Page();
    }

    private bool IsOAuth => Method == CredentialMethods.OAuth2;

    /// <summary>The error message for a field of the form; null if there is none.</summary>
    public string? ErrorOf(string field) => ModelState.TryGetValue(field, out var entry)
        ? entry.Errors.Select(error => error.ErrorMessage).FirstOrDefault()
        : null;

    protected override async Task Load(CancellationToken cancellation)
    {
        var accountId = Administrator.AccountId;
        Account = await accounts.Get(accountId, cancellation);
        Current = await history.FindActive(accountId, cancellation);
        Staged = await history.FindStaged(accountId, cancellation);
        Expiry = ExpiryWarning.For(Current, time.GetUtcNow().UtcDateTime);
        if ((Issued?.Set ?? Current) is { } set)
            News = await CredentialNews.Of(set, history, cancellation);
        Ended = await history.FindLast(accountId, cancellation);
    }

    private async Task Generate(List<string> redirectUris, CancellationToken cancellation)
    {
        var set = new NewCredentialSet(
            Administrator.AccountId,
            Replaces,
            Method!,
            Actor,
            Method == CredentialMethods.DirectJwt ? NewCredentialSet.Days(LifetimeDays) : null,
            redirectUris,
            IsOAuth && RequirePkce,
            IsOAuth && Jwks is { Length: > 0 } ? Jwks : null,
            TakesOver is { } activation ? new(activation, Replaces: ReplacesStaged) : null);
        Issued = Form is null
            ? (await issuer.Generate(set, once: null, cancellation)).Result
            : await forms.Once(
                Administrator,
                RememberedForms.HashOf(Request.Form),
                once => issuer.Generate(set, once, cancellation),
                cancellation);
        HasRedirectUris = redirectUris.Count > 0;
    }

    /// <summary>The redirect URIs of an OAuth client. The other method has none, whatever its fields contain.</summary>
    private List<string> ReadRedirectUris()
    {
        var uris = new List<string>();
        if (!IsOAuth)
            return uris;
        if (OktaApp?.Trim() is { Length: > 0 } app)
            Try(nameof(OktaApp), () => uris.AddRange(RedirectUris.OfOktaApp(app)));
        foreach (var line in (OtherRedirectUris ?? "").Split(
            '\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            Try(nameof(OtherRedirectUris), () => uris.Add(RedirectUris.Check(line)));
        }

        return uris;
    }

    private void Try(string field, Action read)
    {
        try
        {
            read();
        }
        catch (ProblemException problem)
        {
            ModelState.AddModelError(field, problem.Message);
        }
    }

    private sealed record FormDraft(
        string? Method,
        Activation? TakesOver,
        string? OktaApp,
        string? OtherRedirectUris,
        bool RequirePkce,
        string? Jwks,
        int LifetimeDays);
}
