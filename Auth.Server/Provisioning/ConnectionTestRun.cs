using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Auth.Server.Provisioning;

/// <summary>One run of a connection test, which ends with the deletion of its temporary user.</summary>
/// <param name="http">Sends to <c>Scim.Api</c>.</param>
/// <param name="token">The token of the test.</param>
/// <param name="domain">An allowed e-mail domain.</param>
/// <param name="limit">Ends a run that takes too long.</param>
internal sealed class ConnectionTestRun(HttpClient http, string token, string domain, CancellationToken limit)
{
    private const string Users = "scim/v2/Users";
    private const string Assignment = "Assign: Create Users";
    private const string Update = "Update User Attributes";
    private const string Deactivate = "Deactivate Users";
    private const int LongestShown = 2000;

    // The time for the deletion, even if everything else took too long.
    private static readonly TimeSpan cleanUpTime = TimeSpan.FromSeconds(20);
    private static readonly JsonSerializerOptions indented = new() { WriteIndented = true };

    private readonly string userName = $"scileads-connection-test-{Guid.NewGuid():N}@{domain}";
    private readonly List<ConnectionTestStep> steps = [];
    private HttpStatusCode? lastStatus;

    /// <summary>Runs the steps. If the credentials are refused, the others are not tried.</summary>
    public async Task<IReadOnlyList<ConnectionTestStep>> Run()
    {
        var isAdmitted = await Try(
            "Test API Credentials (Okta)", HttpMethod.Get, $"{Users}?startIndex=1&count=2", body: null, IsList,
            "The credentials are correct, and SCIM is enabled.", forbidden: GuideRemedies.ScimNotEnabled);
        if (isAdmitted is null)
            return steps;
        await Try(
            "Test Connection (Microsoft Entra ID)", HttpMethod.Get, Search("userName", $"{Guid.NewGuid()}"), body: null,
            answer => IsList(answer) && Total(answer) == 0, "Nobody has this name, as expected.");
        try
        {
            await TestUser();
        }
        finally
        {
            await CleanUp();
        }
        return steps;
    }

    private async Task TestUser()
    {
        await Try(
            "Assign: look for the user", HttpMethod.Get, Search("userName", userName), body: null,
            answer => IsList(answer) && Total(answer) == 0, "The temporary user does not exist yet.");
        var created = await Try(
            Assignment, HttpMethod.Post, Users, NewUser(active: true), IsUser(active: true),
            "The temporary user was created.", HttpStatusCode.Created, GuideRemedies.LicenseLimits);
        // The credentials have been accepted, so a seat is missing. An inactive user needs none.
        if (created is null && lastStatus == HttpStatusCode.Forbidden)
            created = await Try(
                "The other steps, without a seat", HttpMethod.Post, Users, NewUser(active: false),
                IsUser(active: false), "An inactive temporary user was created instead, which needs no seat.",
                HttpStatusCode.Created);
        if (created?["id"] is { } id)
            await TestChanges($"{Users}/{Uri.EscapeDataString($"{id}")}");
        await Try(
            "Import users", HttpMethod.Get, $"{Users}?startIndex=1&count=100", body: null, IsList,
            "The existing users can be imported.");
    }

    private async Task TestChanges(string path)
    {
        if (await Try(
            $"{Update}: read the user", HttpMethod.Get, path, body: null, _ => true, "The user was found.") is { } user)
        {
            // Okta sends all that it received, with the changed values.
            var changed = user.DeepClone().AsObject();
            changed["displayName"] = "Connection Test, updated";
            await Try(
                Update, HttpMethod.Put, path, changed,
                answer => $"{answer["displayName"]}" == "Connection Test, updated", "The change was applied.");
        }
        await Try(
            Deactivate, HttpMethod.Patch, path,
            new()
            {
                ["schemas"] = new JsonArray("urn:ietf:params:scim:api:messages:2.0:PatchOp"),
                ["Operations"] = new JsonArray(new JsonObject
                {
                    ["op"] = "replace",
                    ["value"] = new JsonObject { ["active"] = false },
                }),
            },
            IsUser(active: false), "The user is inactive.");
    }

    /// <summary>
    /// Deletes the temporary user, even if the response that had its id was lost. If it fails, <c>Scim.Api</c> deletes
    /// the user after a while.
    /// </summary>
    private async Task CleanUp()
    {
        using var time = new CancellationTokenSource(cleanUpTime);
        var (found, _) = await Send(HttpMethod.Get, Search("userName", userName), body: null, time.Token);
        var users = found?.Json?["Resources"] as JsonArray;
        if (users is { Count: 0 })
            return;
        var path = $"{Users}/{Uri.EscapeDataString($"{(users?[0] as JsonObject)?["id"]}")}";
        var answer = users is null ? found : (await Send(HttpMethod.Delete, path, body: null, time.Token)).Answer;
        var isDeleted = answer?.Status == HttpStatusCode.NoContent;
        steps.Add(new(
            "Clean up", $"DELETE /{path}", answer?.Text, isDeleted,
            isDeleted
                ? "The temporary user was erased."
                : $"The temporary user {userName} could not be erased now. It will be erased within two hours."));
    }

    /// <summary>Carries out a step; returns the body of its response if it passed, otherwise null.</summary>
    private async Task<JsonObject?> Try(
        string title, HttpMethod method, string path, JsonObject? body, Func<JsonObject, bool> isExpected,
        string verdict, HttpStatusCode status = HttpStatusCode.OK, string? forbidden = null)
    {
        var (answer, failure) = await Send(method, path, body, limit);
        var passed = answer?.Status == status && answer.Json is { } json && isExpected(json);
        lastStatus = answer?.Status;
        steps.Add(new(
            title,
            $"{method} /{path}{(body is null ? "" : $"\n\n{body.ToJsonString(indented)}")}",
            answer?.Text,
            passed,
            passed ? verdict : answer?.Remedy(forbidden) ?? GuideRemedies.Unreachable(failure)));
        return passed ? answer!.Json : null;
    }

    private async Task<(Answer? Answer, string? Failure)> Send(
        HttpMethod method, string path, JsonObject? body, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Authorization = new("Bearer", token);
        request.Headers.Accept.ParseAdd("application/scim+json");
        request.Headers.UserAgent.ParseAdd("SciLeads-Connection-Test");
        if (body is not null)
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/scim+json");
        try
        {
            using var response = await http.SendAsync(request, cancellation);
            return (await Answer.Read(response, cancellation), null);
        }
        // No response, or none in time.
        catch (Exception lost) when (lost is HttpRequestException or OperationCanceledException or IOException)
        {
            return (null, lost.GetBaseException().Message);
        }
    }

    private JsonObject NewUser(bool active) => new()
    {
        ["schemas"] = new JsonArray("urn:ietf:params:scim:schemas:core:2.0:User"),
        ["userName"] = userName,
        ["name"] = new JsonObject { ["givenName"] = "Connection", ["familyName"] = "Test" },
        ["emails"] = new JsonArray(
            new JsonObject { ["primary"] = true, ["value"] = userName, ["type"] = "work" }),
        ["displayName"] = "Connection Test",
        ["externalId"] = userName[..userName.IndexOf('@')],
        ["active"] = active,
    };

    private static string Search(string attribute, string value) =>
        $"{Users}?filter={Uri.EscapeDataString($"{attribute} eq \"{value}\"")}&startIndex=1&count=100";

    private static bool IsList(JsonObject answer) =>
        answer["Resources"] is JsonArray && answer["totalResults"]?.GetValueKind() == JsonValueKind.Number;

    private static int Total(JsonObject list) => (int)list["totalResults"]!;

    private static Func<JsonObject, bool> IsUser(bool active) => answer =>
        answer["id"] is not null
        && answer["active"]?.GetValueKind() == (active ? JsonValueKind.True : JsonValueKind.False);

    /// <summary>A response.</summary>
    private sealed record Answer(HttpStatusCode Status, string Text, JsonObject? Json)
    {
        /// <summary>What to do about a refusal, in the words of the guide, and the refusal's own.</summary>
        public string Remedy(string? forbidden) =>
            $"{(Status == HttpStatusCode.Forbidden ? forbidden : null) ?? GuideRemedies.Of(Status)} {Json?["detail"]}"
                .Trim();

        public static async Task<Answer> Read(HttpResponseMessage response, CancellationToken cancellation)
        {
            var body = await response.Content.ReadAsStringAsync(cancellation);
            var json = Parse(body);
            var text = json?.ToJsonString(indented) ?? body;
            var shown = text.Length <= LongestShown ? text : $"{text[..LongestShown]}…";
            var status = $"{(int)response.StatusCode} {response.ReasonPhrase}";
            return new(response.StatusCode, $"{status}\n\n{shown}".Trim(), json);
        }

        private static JsonObject? Parse(string body)
        {
            try
            {
                return JsonNode.Parse(body) as JsonObject;
            }
            catch (JsonException)
            {
                return null;
            }
        }
    }
}
