using System.Text.Json.Nodes;
using Scim.Api.Protocol;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;
using Scim.Api.Provisioning;

namespace Scim.Api.Users;

/// <summary>
/// The user that a request asks for, and what is done about values that break a rule.
/// <para>
/// Deactivation takes precedence: a request that says <c>active: false</c> is never refused because of another
/// attribute. What the database can hold is stored as sent; the rest, and what is not of the attribute's format, keeps
/// its old value and is reported as not applied.
/// </para>
/// <para>
/// A request that leaves an inactive user inactive without saying so (Entra ID may deactivate in one request and rename
/// in the next) is not refused for the form of a value: nobody can sign in with it, and all rules are checked when the
/// user is reactivated. It is refused for a value that cannot be stored, as nobody would notice that it was dropped,
/// and for one that the account does not allow. Every other request obeys all rules.
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
        var said = UserDocument.Active(wanted);
        wanted["active"] = said ?? (before is null || AttributeRules.IsActive(before));
        deactivates = before is not null && said == false;
        staysInactive = before is not null && !AttributeRules.IsActive(before) && !AttributeRules.IsActive(wanted);
    }

    /// <summary>What kept its old value, in the order of the names.</summary>
    public IReadOnlyCollection<Violation> NotApplied => notApplied.Values;

    /// <summary>A user that is created, or restored as if it were.</summary>
    public static RequestedUser New(JsonObject attributes) => new(attributes, before: null);

    /// <summary>What a change makes of a user.</summary>
    public static RequestedUser Changed(
        JsonObject before, Func<JsonObject, JsonObject> change, ClientQuirks quirks)
    {
        // Without it, the outcome tells whether the request says anything about it.
        var known = before.DeepClone().AsObject();
        known.Remove("active");
        quirks.Violations = [];
        var user = new RequestedUser(change(known), before);
        user.KeepPlaceOfActive();
        while (user.Settle(quirks.Violations))
        {
            // Each of them is about what was sent.
        }
        return user;
    }

    /// <summary>
    /// Decides about violations: refuses the request, or takes an old value back. True if that was done, and the user
    /// has to be looked at anew, as the violations that follow may be those of values derived from this one.
    /// </summary>
    public bool Settle(IEnumerable<Violation> violations)
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

    /// <summary>The attributes with all that follows from them, and what the client has set from now on.</summary>
    public (JsonObject Attributes, SetByClient Set) Complete(SetByClient known, bool hasWorkEmail)
    {
        var user = KeepOldValues(wanted.DeepClone().AsObject());
        var set = DerivedAttributes.Complete(user, before, known, hasWorkEmail);
        return (KeepOldValues(user), new(
            notApplied.ContainsKey("displayName") ? known.DisplayName : set.DisplayName,
            notApplied.ContainsKey("emails") ? known.WorkEmail : set.WorkEmail));
    }

    // Attributes are stored, and named in events, in the order in which the user got them.
    private void KeepPlaceOfActive()
    {
        var place = before!.Select(member => member.Key).Where(name => name is not ("schemas" or "id"))
            .TakeWhile(name => name != "active").Count();
        var active = wanted["active"];
        wanted.Remove("active");
        wanted.Insert(Math.Min(place, wanted.Count), "active", active);
    }

    private JsonObject KeepOldValues(JsonObject user)
    {
        foreach (var place in notApplied.Keys)
            DocumentPlaces.Copy(ResourceType.User, from: before!, to: user, place);
        return user;
    }
}
