using Auth.Server.Connect;
using Auth.Server.Credentials;
using Auth.Server.Issuance;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using Shared.Contracts;

namespace Auth.Server.Pages.ScimCredentials;

/// <summary>The form that generates a credential set, as it is filled in.</summary>
internal sealed class GenerateForm
{
    private static readonly (int Days, string Name)[] lifetimes =
        [(90, "90 days"), (180, "180 days"), (365, "1 year"), (730, "2 years"), (1095, "3 years")];

    /// <summary>
    /// A new value each time that the form is shown, so that a form that is sent twice is recognized.
    /// </summary>
    public Guid? Form { get; set; }

    /// <summary>The active set that the administrator saw when the form was sent.</summary>
    public Guid? Replaces { get; set; }

    /// <summary>The staged set that the administrator saw when the form was sent.</summary>
    public Guid? ReplacesStaged { get; set; }

    public string? Method { get; set; }

    /// <summary>What activates the new set; null if it becomes active now.</summary>
    public Activation? TakesOver { get; set; }

    public string? OktaApp { get; set; }

    /// <summary>One per line.</summary>
    public string? OtherRedirectUris { get; set; }

    /// <summary>Whether the client deliberately has no redirect URI.</summary>
    public bool ClientCredentialsOnly { get; set; }

    public bool RequirePkce { get; set; }

    /// <summary>A JWK set of public keys, if the client authenticates with a key.</summary>
    public string? Jwks { get; set; }

    public int LifetimeDays { get; set; } = (int)NewCredentialSet.DirectJwtLifetime.TotalDays;

    /// <summary>After how many days a client secret expires; null if it does not.</summary>
    public int? SecretLifetimeDays { get; set; }

    /// <summary>The state of the account's sets when the form is shown.</summary>
    [BindNever]
    public CredentialStatus? Status { get; private set; }

    /// <summary>What is wrong with it.</summary>
    [BindNever]
    public List<PageError> Errors { get; } = [];

    public static IReadOnlyList<(int Days, string Name)> Lifetimes => lifetimes;

    /// <summary>What Microsoft's gallery requires of client secrets: one to three years.</summary>
    public static IEnumerable<(int Days, string Name)> SecretLifetimes =>
        lifetimes.Where(lifetime => lifetime.Days >= 365);

    /// <summary>How long the new set is valid; null if it does not expire.</summary>
    public TimeSpan? Lifetime => (IsOAuth ? SecretLifetimeDays : LifetimeDays) is { } days
        ? NewCredentialSet.Days(days)
        : null;

    public bool IsOAuth => Method == CredentialMethods.OAuth2;

    /// <summary>An empty form. Credentials that are in use are not replaced before the new ones are.</summary>
    public static GenerateForm Empty(CredentialStatus status) => new()
    {
        Status = status,
        TakesOver = status.Active?.LastUse is null ? null : Activation.FirstUse,
    };

    /// <summary>The form as it was filled in, for the state that the account's sets have now.</summary>
    public GenerateForm For(CredentialStatus status)
    {
        Status = status;
        return this;
    }

    /// <summary>The error message for the field with an id; null if there is none.</summary>
    public string? ErrorOf(string field) => Errors.Find(error => error.Field == field)?.Message;

    /// <summary>Checks the fields of the chosen method, and adds what is wrong to <see cref="Errors"/>.</summary>
    /// <returns>The redirect URIs. A direct JWT has none, whatever the fields contain.</returns>
    public List<string> Check()
    {
        var uris = new List<string>();
        if (Method is not (CredentialMethods.OAuth2 or CredentialMethods.DirectJwt))
            Errors.Add(new("Choose an authentication method.", "oauth2"));
        if (!IsOAuth)
            return uris;
        if (OktaApp?.Trim() is { Length: > 0 } app)
            Try("okta-app", () => uris.AddRange(RedirectUris.OfOktaApp(app)));
        foreach (var line in (OtherRedirectUris ?? "").Split(
            '\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            Try("redirect-uris", () => uris.Add(RedirectUris.Check(line)));
        }

        if (Jwks is { Length: > 0 } jwks)
            Try("jwks", () => PublicKeys.Read(jwks));
        if (Errors.Count == 0 && uris.Count == 0 && !ClientCredentialsOnly)
        {
            Errors.Add(new(
                "Enter the Okta app name or redirect URIs. Without them, Okta cannot use the credentials. If your "
                + "provider uses client credentials only, say so.",
                "okta-app"));
        }
        if (uris.Count > 0 && ClientCredentialsOnly)
        {
            Errors.Add(new(
                "With client credentials only, there are no redirect URIs. Remove them, or uncheck the box.",
                "client-credentials-only"));
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
            Errors.Add(new(problem.Message, field));
        }
    }
}
