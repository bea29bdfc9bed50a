using System.Text.Json.Nodes;
using Scim.Api.Protocol;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;
using Scim.Api.Provisioning;

namespace Scim.Api.Users;

/// <summary>
/// The user that a request asks for, and how violations of rules are handled.
/// <para>
/// Deactivation takes precedence: a request with <c>active: false</c> is never refused because of another attribute.
/// Values that can be stored are stored. The others, and those in the wrong format for the attribute, keep their old
/// value and are reported as not applied.
/// </para>
/// <para>
/// A request that leaves an inactive user inactive without saying so (Entra ID may deactivate in one request and rename
/// in the next) is not refused because of the format of a value: nobody can sign in with it, and all rules are checked
/// when the user is reactivated. It is refused if a value cannot be stored, because nobody would notice that it was
/// ignored, or if the account does not allow it. All rules apply to every other request.
/// </para>
/// </summary>
internal sealed class RequestedUser
{
    private readonly JsonObject wanted;
    private readonly JsonObject? before;
    private readonly bool deactivates;
    private readonly bool staysInactive;
    private readonly SortedDictionary<string, Violation> notApplied = new(StringComparer.Ordinal);

    private RequestedUser(JsonObject wanted, JsonObject? before)
    {
        (this.wanted, this.before) = (wanted, before);
        var requested = UserDocument.Active(wanted);
        wanted["active"] = requested ?? (before is null || AttributeRules.IsActive(before));
        deactivates = before is not null && requested == false;
        staysInactive = before is not null && !AttributeRules.IsActive(before) && !AttributeRules.IsActive(wanted);
    }

    /// <summary>The attributes that kept their old value, sorted by name.</summary>
    public IReadOnlyCollection<Violation> NotApplied => notApplied.Values;

    /// <summary>A user who is created, or restored like a new one.</summary>
    public static RequestedUser New(JsonObject attributes) => new(attributes, before: null);

    /// <summary>The outcome of a change to a user.</summary>
    public static RequestedUser Changed(
        JsonObject before, Func<JsonObject, JsonObject> change, ClientQuirks quirks)
    {
        // Without it, the outcome shows whether the request sets it.
        var known = before.DeepClone().AsObject();
        known.Remove("active");
        quirks.Violations = [];
        var user = new RequestedUser(change(known), before);
        user.KeepPositionOfActive();
        while (user.Resolve(quirks.Violations))
        {
            // Repeat until every violation in the sent values is resolved.
        }
        return user;
    }

    /// <summary>
    /// Resolves violations: refuses the request, or restores the old value of an attribute. Returns true if a value was
    /// restored. Then the user must be checked again, because the other violations may concern values derived from it.
    /// </summary>
    public bool Resolve(IEnumerable<Violation> violations)
    {
        foreach (var violation in violations)
        {
            if (!deactivates && !(staysInactive && violation.Kind == ViolationKind.WrongForm))
                throw new ScimException(violation.Error);
            if (violation.Kind == ViolationKind.CannotBeStored && notApplied.TryAdd(violation.Attribute, violation))
                return true;
        }
        return false;
    }

    /// <summary>The attributes including derived ones, and what the client has set from now on.</summary>
    public (JsonObject Attributes, SetByClient Set) Complete(SetByClient known, bool hasWorkEmail)
    {
        var user = KeepOldValues(wanted.DeepClone().AsObject());
        var set = DerivedAttributes.Complete(user, before, known, hasWorkEmail);
        return (KeepOldValues(user), new(
            notApplied.ContainsKey("displayName") ? known.DisplayName : set.DisplayName,
            notApplied.ContainsKey("emails") ? known.WorkEmail : set.WorkEmail));
    }

    // Attributes are stored, and listed in events, in the order in which they were first set.
    private void KeepPositionOfActive()
    {
        var position = before!.Select(member => member.Key).Where(name => name is not ("schemas" or "id"))
            .TakeWhile(name => name != "active").Count();
        var active = wanted["active"];
        wanted.Remove("active");
        wanted.Insert(Math.Min(position, wanted.Count), "active", active);
    }

    private JsonObject KeepOldValues(JsonObject user)
    {
        foreach (var place in notApplied.Keys)
            DocumentPlaces.Copy(ResourceType.User, from: before!, to: user, place);
        return user;
    }
}
