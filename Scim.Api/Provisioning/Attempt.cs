using System.Text.Json.Nodes;
using Scim.Api.Admission;
using Scim.Api.Protocol;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;
using Shared.Contracts;

namespace Scim.Api.Provisioning;

/// <summary>
/// A request, or one operation of a bulk request, while it is processed: collects what its provisioning event will say.
/// Ends either in <see cref="Done"/>, inside the write's transaction, or in <see cref="ProvisioningLog.Refuse"/>.
/// </summary>
internal sealed class Attempt
{
    private Caller? caller;
    private readonly Guid accountId;
    private readonly Guid? credentialSetId;
    private readonly bool isTest;
    private readonly string? requestId;
    private Guid? userId;
    private string? userName;
    private string? note;

    /// <summary>An admitted caller's attempt; the operation is one of <see cref="ProvisioningOperations"/>.</summary>
    public Attempt(Caller caller, string operation, string? requestId)
    {
        (this.caller, this.requestId, Operation) = (caller, requestId, operation);
        (accountId, credentialSetId, isTest) = (caller.AccountId, caller.CredentialSet?.Id, caller.IsTest);
    }

    private Attempt(TokenOrigin origin, string operation, string requestId)
    {
        (this.requestId, Operation) = (requestId, operation);
        (accountId, credentialSetId, isTest) = (origin.AccountId, origin.CredentialSetId, origin.IsTest);
    }

    public string Operation { get; }

    /// <summary>The admitted caller.</summary>
    public Caller Caller => caller ?? throw new InvalidOperationException("No caller was admitted.");

    /// <summary>Corrects and records the deviations in the request.</summary>
    public ClientQuirks Quirks { get; } = new();

    /// <summary>One of <see cref="ProvisioningOutcomes"/>; null until a write has changed something.</summary>
    public string? Outcome { get; private set; }

    /// <summary>Whether an administrator made the request in the portal.</summary>
    public bool IsFromPortal => caller?.Administrator is not null;

    /// <summary>The request's attempt; null if the account is not known.</summary>
    public static Attempt? Of(HttpContext http)
    {
        if (http.Features.Get<Attempt>() is { } known)
            return known;
        var attempt = (http.Features.Get<Caller>(), http.Features.Get<TokenOrigin>()) switch
        {
            ({ } caller, _) => new Attempt(caller, OperationOf(http.Request), http.TraceIdentifier),
            (_, { } origin) => new Attempt(origin, OperationOf(http.Request), http.TraceIdentifier),
            _ => null,
        };
        attempt?.TakeUserFrom(http.Request);
        http.Features.Set(attempt);
        return attempt;
    }

    /// <summary>Binds an endpoint's parameter. The request was admitted, so there is an attempt.</summary>
    public static ValueTask<Attempt> BindAsync(HttpContext http) => new(Of(http)!);

    /// <summary>Sets the caller, who was admitted again.</summary>
    public void SetCaller(Caller again) => caller = again;

    /// <summary>Sets the user that it concerns.</summary>
    public void SetSubject(Guid id, string name) => (userId, userName) = (id, name);

    /// <summary>Sets the user that it concerns by the userName that this body asks for.</summary>
    public void SetSubject(JsonObject body) => userName = DocumentReader.Text(body["userName"]) ?? userName;

    /// <summary>Sets the reason that an administrator gives for a change.</summary>
    public void SetNote(string reason) => note = reason;

    /// <summary>The event of a completed write, to be saved with it.</summary>
    public ProvisioningEvent Done(
        string outcome,
        int status,
        IEnumerable<string> changed,
        DateTime now,
        IReadOnlyCollection<Violation>? notApplied = null)
    {
        Outcome = outcome;
        var reasons = (notApplied ?? []).Select(violation => violation.Error.Detail).ToList();
        if (note is not null)
            reasons.Insert(0, note);
        return Event(outcome, status, reasons is [] ? null : string.Join(' ', reasons), now) with
        {
            Changed = ProvisioningEvent.Join(changed),
            NotApplied = ProvisioningEvent.Join((notApplied ?? []).Select(violation => violation.Attribute)),
        };
    }

    /// <summary>The event of a refusal.</summary>
    public ProvisioningEvent Refused(ScimError error, DateTime now) =>
        Event(ProvisioningOutcomes.Refused, error.Status, error.Detail, now) with { ScimType = error.ScimType };

    /// <summary>The same for repeated refusals, which may differ in digits, such as the seconds to wait.</summary>
    public string RepetitionKey(ScimError error) =>
        $"{accountId} {credentialSetId} {isTest} {error.Status} "
        + $"{string.Concat(error.Detail.Where(c => !char.IsDigit(c)))}";

    private ProvisioningEvent Event(string outcome, int status, string? reason, DateTime now)
    {
        var name = ProvisioningEvent.Truncate(userName, ProvisioningEvent.MaxUserName);
        var detail = ProvisioningEvent.Truncate(reason, ProvisioningEvent.MaxReason);
        var administrator = caller?.Administrator;
        // Whole milliseconds, like the timestamp in the id.
        now = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMillisecond));
        return new()
        {
            AccountId = accountId,
            Id = Guid.CreateVersion7(now),
            Time = now,
            CredentialSetId = credentialSetId,
            AdministratorId = Guid.TryParse(administrator?.Subject, out var id) ? id : null,
            Administrator = administrator?.Email,
            Operation = Operation,
            UserId = userId,
            UserName = name,
            UserNameKey = CaseFolding.Fold(name ?? ""),
            Outcome = isTest ? ProvisioningOutcomes.Tested : outcome,
            Status = status,
            Reason = detail,
            Habits = ProvisioningEvent.Join(Quirks.Applied),
            RequestId = requestId,
            SearchText = CaseFolding.Fold($"{name}\n{detail}\n{userId}\n{administrator?.Email}\n{requestId}"),
        };
    }

    private void TakeUserFrom(HttpRequest request)
    {
        if (request.Path.Value?.Contains(ResourceType.User.Endpoint + "/", StringComparison.OrdinalIgnoreCase) == true
            && Guid.TryParseExact(request.RouteValues["id"] as string, "D", out var id))
            userId = id;
    }

    private static string OperationOf(HttpRequest request)
    {
        var last = request.Path.Value?[(request.Path.Value.LastIndexOf('/') + 1)..] ?? "";
        return request.Method switch
        {
            "POST" when last.Equals(".search", StringComparison.OrdinalIgnoreCase) => ProvisioningOperations.Read,
            "POST" when last.Equals("Bulk", StringComparison.OrdinalIgnoreCase) => ProvisioningOperations.Bulk,
            "POST" => ProvisioningOperations.Create,
            "PUT" => ProvisioningOperations.Replace,
            "PATCH" => ProvisioningOperations.Patch,
            "DELETE" => ProvisioningOperations.Delete,
            _ => ProvisioningOperations.Read,
        };
    }
}
