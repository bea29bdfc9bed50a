using System.Text.Json;
using Auth.Server.Administrators;
using Auth.Server.Connect;
using Polly.CircuitBreaker;
using Polly.RateLimiting;
using Shared.Contracts;

namespace Auth.Server.Pages.Settings;

/// <summary>
/// The people of the signed-in administrator's account, and what was tried with them, as <c>Scim.Api</c> has it. Each
/// call carries a token of five minutes in the administrator's name.
/// </summary>
internal sealed class ScimApi(HttpClient http, TokenIssuer tokens, TimeProvider time)
{
    private const string UsersPath = "portal/users";
    private const string EventsPath = "portal/events";
    private const string People = "The list of people";
    private const string Log = "The provisioning log";
    private static readonly TimeSpan tokenLifetime = TimeSpan.FromMinutes(5);

    /// <summary>A page of people that match a search; an empty search is everybody.</summary>
    public async Task<PortalUsers> List(
        SignedIn administrator, string? search, int page, CancellationToken cancellation)
    {
        var query = $"{UsersPath}?search={Uri.EscapeDataString(search ?? "")}&page={page}";
        using var response = await Send(administrator, new(HttpMethod.Get, query), People, cancellation);
        return (await response.Content.ReadFromJsonAsync<PortalUsers>(cancellation))!;
    }

    /// <summary>Adds a person by hand.</summary>
    public Task Add(SignedIn administrator, NewPortalUser user) =>
        Change(administrator, new(HttpMethod.Post, UsersPath) { Content = JsonContent.Create(user) });

    /// <summary>Deactivates or reactivates a person by hand.</summary>
    public Task SetActive(SignedIn administrator, Guid user, bool active)
    {
        var patch = new
        {
            schemas = new[] { "urn:ietf:params:scim:api:messages:2.0:PatchOp" },
            Operations = new[] { new { op = "replace", path = "active", value = active } },
        };
        // As the names stand above: SCIM spells Operations with a capital.
        var content = JsonContent.Create(patch, options: JsonSerializerOptions.Default);
        return Change(administrator, new(HttpMethod.Patch, $"scim/v2/Users/{user}") { Content = content });
    }

    /// <summary>A page of provisioning events; the query is one of <see cref="PortalEvents"/>.</summary>
    public async Task<PortalEvents> Events(SignedIn administrator, QueryString query, CancellationToken cancellation)
    {
        using var response = await Send(administrator, new(HttpMethod.Get, EventsPath + query), Log, cancellation);
        return (await response.Content.ReadFromJsonAsync<PortalEvents>(cancellation))!;
    }

    /// <summary>All events of a query as CSV; the caller reads the answer as it comes, and disposes of it.</summary>
    public Task<HttpResponseMessage> EventsAsCsv(
        SignedIn administrator, QueryString query, CancellationToken cancellation) =>
        Send(administrator, new(HttpMethod.Get, $"{EventsPath}.csv{query}"), Log, cancellation);

    /// <summary>
    /// Has something changed. Whoever asked may leave meanwhile: what has been sent cannot be taken back, and what came
    /// of it must be known.
    /// </summary>
    /// <exception cref="ProblemException"> A refusal of Scim.Api, or, with
    /// <see cref="ProblemException.IsOutcomeUnknown"/>, no answer of which it is certain that nothing was changed.
    /// </exception>
    private async Task Change(SignedIn administrator, HttpRequestMessage request)
    {
        try
        {
            using var response = await Send(administrator, request, People, CancellationToken.None);
        }
        catch (ProblemException problem) when (problem.InnerException is { } lost && !WasNeverSent(lost))
        {
            throw new ProblemException(
                StatusCodes.Status503ServiceUnavailable,
                "It is not known whether this was done: there was no clear answer. Look at the list of people before "
                + "you try again.")
            {
                IsOutcomeUnknown = true,
            };
        }
    }

    private static bool WasNeverSent(Exception error) =>
        error is BrokenCircuitException or RateLimiterRejectedException
        || error is HttpRequestException
        {
            HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
                or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError,
        };

    /// <exception cref="ProblemException">A refusal of Scim.Api, in its words, or 503 if it cannot be
    /// reached.</exception>
    private async Task<HttpResponseMessage> Send(
        SignedIn administrator, HttpRequestMessage request, string what, CancellationToken cancellation)
    {
        using (request)
        {
            request.Headers.Authorization = new("Bearer", await IssueToken(administrator));
            HttpResponseMessage response;
            try
            {
                response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            }
            // A transport fault, a time-out, an open circuit: it comes to the same for who reads the page.
            catch (Exception error) when (!cancellation.IsCancellationRequested)
            {
                throw new ProblemException(503, $"{what} cannot be reached right now. Try again in a minute.", error);
            }

            if (response.IsSuccessStatusCode)
                return response;
            using (response)
                throw await RefusalOf(response, what, cancellation);
        }
    }

    private Task<string> IssueToken(SignedIn administrator) => tokens.Issue(
        administrator.AccountId,
        "portal",
        [Scopes.Scim, Scopes.Portal],
        (time.GetUtcNow() + tokenLifetime).UtcDateTime,
        (IssuedUnder.Session, administrator.SessionId.ToString()));

    /// <summary>
    /// A refusal in Scim.Api's words. An answer without them is somebody else's, such as a proxy's, and a 5xx of theirs
    /// does not say what became of the request.
    /// </summary>
    private static async Task<ProblemException> RefusalOf(
        HttpResponseMessage response, string what, CancellationToken cancellation)
    {
        var status = (int)response.StatusCode;
        try
        {
            var error = await response.Content.ReadFromJsonAsync<JsonElement>(cancellation);
            return new(status, error.GetProperty("detail").GetString()!);
        }
        catch (Exception error) when (!cancellation.IsCancellationRequested)
        {
            return new(status, $"{what} answered with status {status}.", status >= 500 ? error : null);
        }
    }
}
