using System.Text.Json;
using Auth.Server.Administrators;
using Auth.Server.Connect;
using Auth.Server.Provisioning;
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
    private const string OverviewPath = "portal/overview";
    private const string People = "The list of people";
    private const string Person = "The person";
    private const string Log = "The provisioning log";
    private const string Provisioning = "The server that provisions people";
    private static readonly TimeSpan tokenLifetime = TimeSpan.FromMinutes(5);

    private (Guid Session, string Value, DateTimeOffset UseUntil)? token;

    /// <summary>How provisioning goes.</summary>
    /// <exception cref="ProblemException">Scim.Api cannot be reached.</exception>
    public Task<PortalOverview> Overview(SignedIn administrator, CancellationToken cancellation)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, OverviewPath);
        request.Options.Set(DiagnosisRegistration.IsOptional, true);
        return Read<PortalOverview>(administrator, request, Provisioning, cancellation);
    }

    /// <summary>A page of people; the parameters are <see cref="PortalUserParameters"/>.</summary>
    public Task<PortalUsers> List(SignedIn administrator, QueryString query, CancellationToken cancellation) =>
        Read<PortalUsers>(administrator, UsersPath + query, People, cancellation);

    /// <summary>A person with all attributes.</summary>
    /// <exception cref="ProblemException">There is no such person (404), or Scim.Api cannot be reached.</exception>
    public Task<PortalUserDetails> Get(SignedIn administrator, Guid user, CancellationToken cancellation) =>
        Read<PortalUserDetails>(administrator, $"{UsersPath}/{user}", Person, cancellation);

    /// <summary>Adds a person by hand.</summary>
    public Task Add(SignedIn administrator, NewPortalUser user) => Change(
        administrator,
        new(HttpMethod.Post, UsersPath) { Content = JsonContent.Create(user) },
        _ => Task.FromResult(true));

    /// <summary>Deactivates or reactivates a person by hand.</summary>
    /// <exception cref="ProblemException">
    /// As for every change; or the person already is as requested (409), so that nothing was changed.
    /// </exception>
    public async Task<PortalUserChange> SetActive(SignedIn administrator, Guid user, PortalUserActivation wanted)
    {
        var change = await Change(
            administrator,
            new(HttpMethod.Patch, $"{UsersPath}/{user}") { Content = JsonContent.Create(wanted) },
            response => response.Content.ReadFromJsonAsync<PortalUserChange>());
        return change!.Changed
            ? change
            : throw ProblemException.Conflict(
                $"{change.Email} is already {(wanted.Active ? "active" : "inactive")}. Nothing was changed.");
    }

    /// <summary>A page of provisioning events that match a query.</summary>
    public Task<PortalEvents> Events(SignedIn administrator, QueryString query, CancellationToken cancellation) =>
        Read<PortalEvents>(administrator, EventsPath + query, Log, cancellation);

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
    private async Task<T> Change<T>(
        SignedIn administrator, HttpRequestMessage request, Func<HttpResponseMessage, Task<T>> read)
    {
        try
        {
            using var response = await Send(administrator, request, People, CancellationToken.None);
            return await read(response);
        }
        catch (Exception error) when (error is JsonException
            || (error is ProblemException { InnerException: { } lost } && !WasNeverSent(lost)))
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

    private Task<T> Read<T>(SignedIn administrator, string path, string what, CancellationToken cancellation) =>
        Read<T>(administrator, new HttpRequestMessage(HttpMethod.Get, path), what, cancellation);

    private async Task<T> Read<T>(
        SignedIn administrator, HttpRequestMessage request, string what, CancellationToken cancellation)
    {
        using var response = await Send(administrator, request, what, cancellation);
        try
        {
            return (await response.Content.ReadFromJsonAsync<T>(cancellation))!;
        }
        // The connection is lost, or something else than Scim.Api has responded.
        catch (Exception error) when (!cancellation.IsCancellationRequested)
        {
            throw Unreachable(what, error);
        }
    }

    private static ProblemException Unreachable(string what, Exception error) =>
        new(503, $"{what} cannot be reached right now. Try again in a minute.", error);

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
                throw Unreachable(what, error);
            }

            if (response.IsSuccessStatusCode)
                return response;
            using (response)
                throw await RefusalOf(response, what, cancellation);
        }
    }

    // An event stream makes many calls with one token, which ends with the session.
    private async Task<string> IssueToken(SignedIn administrator)
    {
        var now = time.GetUtcNow();
        if (token is { } issued && issued.Session == administrator.SessionId && now < issued.UseUntil)
            return issued.Value;
        var value = await tokens.Issue(
            administrator.AccountId,
            "portal",
            [Scopes.Scim, Scopes.Portal],
            (now + tokenLifetime).UtcDateTime,
            (IssuedUnder.Session, administrator.SessionId.ToString()));
        token = (administrator.SessionId, value, now + (tokenLifetime / 2));
        return value;
    }

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
