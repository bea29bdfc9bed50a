using System.Text.Json;
using Auth.Server.Administrators;
using Auth.Server.Connect;
using Polly.CircuitBreaker;
using Polly.RateLimiting;
using Shared.Contracts;

namespace Auth.Server.Pages.Settings;

/// <summary>
/// Calls <c>Scim.Api</c> for the people of the administrator's account and their provisioning events. Each call has a
/// token for the administrator's session, which is valid for five minutes.
/// </summary>
internal sealed class ScimApi(HttpClient http, TokenIssuer tokens, TimeProvider time)
{
    private const string UsersPath = "portal/users";
    private const string EventsPath = "portal/events";
    private const string People = "The list of people";
    private const string Log = "The provisioning log";
    private static readonly TimeSpan tokenLifetime = TimeSpan.FromMinutes(5);

    /// <summary>A page of the people who match a search; an empty search matches everybody.</summary>
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
        // Keeps the names as they are above: SCIM capitalizes Operations.
        var content = JsonContent.Create(patch, options: JsonSerializerOptions.Default);
        return Change(administrator, new(HttpMethod.Patch, $"scim/v2/Users/{user}") { Content = content });
    }

    /// <summary>A page of provisioning events that match a query.</summary>
    public async Task<PortalEvents> Events(SignedIn administrator, QueryString query, CancellationToken cancellation)
    {
        using var response = await Send(administrator, new(HttpMethod.Get, EventsPath + query), Log, cancellation);
        return (await response.Content.ReadFromJsonAsync<PortalEvents>(cancellation))!;
    }

    /// <summary>All events that match a query, as a CSV stream. The caller disposes the response.</summary>
    public Task<HttpResponseMessage> EventsAsCsv(
        SignedIn administrator, QueryString query, CancellationToken cancellation) =>
        Send(administrator, new(HttpMethod.Get, $"{EventsPath}.csv{query}"), Log, cancellation);

    /// <summary>
    /// Sends a change. It is not cancelled when the browser disconnects: a request that was sent cannot be taken back,
    /// and its outcome must be recorded.
    /// </summary>
    /// <exception cref="ProblemException">
    /// Scim.Api refused the change; or, with <see cref="ProblemException.IsOutcomeUnknown"/>, it is not certain whether
    /// the change was made.
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
                "It is not known whether the change was made: there was no clear response. Check the list of people "
                + "before you try again.")
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

    /// <exception cref="ProblemException">
    /// Scim.Api refused the request; the message is its own. Or it cannot be reached (503).
    /// </exception>
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
            // A transport error, a timeout, an open circuit: the person needs no distinction.
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
    /// A refusal with Scim.Api's own message. A response without one comes from something else, such as a proxy, and if
    /// it is a 5xx, the outcome of the request is unknown.
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
            return new(
                status,
                $"{what} is not available: the server responded with status {status}.",
                status >= 500 ? error : null);
        }
    }
}
