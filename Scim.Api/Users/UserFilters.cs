using Scim.Api.Data;
using Scim.Api.Protocol.Filters;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Users;

/// <summary>
/// Filters in the database: <c>eq</c> on what has an index, and <c>and</c> between them. Whatever else is asked is
/// refused (RFC 7644 §3.4.2.2): a filter that were left out would give everybody.
/// </summary>
internal static class UserFilters
{
    /// <summary>How many comparisons a filter may have: each becomes SQL that is compiled and kept.</summary>
    public const int MaxConditions = 50;

    public static IQueryable<User> Matching(
        this IQueryable<User> users, Filter filter, ScimDbContext db, Guid accountId) =>
        filter.Conditions <= MaxConditions
            ? users.Where(filter, db, accountId)
            : throw new ScimException(ScimError.InvalidFilter(
                $"The filter has {filter.Conditions} conditions; at most {MaxConditions} are possible."));

    private static IQueryable<User> Where(
        this IQueryable<User> users, Filter filter, ScimDbContext db, Guid accountId) => filter switch
        {
            Filter.And and => users.Where(and.Left, db, accountId).Where(and.Right, db, accountId),
            Filter.Comparison { Operator: FilterOperator.Eq } equal => users.Equal(equal, db, accountId),
            Filter.ValuePath path when Known(path.Attribute).Attribute!.Name == "emails" =>
                users.WithOneOf(db.EmailsOf(accountId).Matching(Narrow(path.Inner))),
            _ => throw Unsupported(filter),
        };

    private static IQueryable<User> Equal(
        this IQueryable<User> users, Filter.Comparison equal, ScimDbContext db, Guid accountId)
    {
        var target = Known(equal.Attribute);
        var path = new AttributePath(target.Extension?.Id, target.Attribute!.Name, target.Sub?.Name).ToString();
        if (path is not ("userName" or "externalId" or "id" or "active" or "emails" or "emails.value"))
            throw Unsupported(equal);
        return (path, FilterLiteral.Read(equal, target)) switch
        {
            ("userName", FilterLiteral.Text { Folded: var key }) => users.Where(user => user.UserNameKey == key),
            ("externalId", FilterLiteral.Text { Folded: var text }) => users.Where(user => user.ExternalId == text),
            ("id", FilterLiteral.Text { Folded: var id }) => users.WithId(id),
            ("active", FilterLiteral.Boolean { Value: var active }) => users.Where(user => user.Active == active),
            (_, FilterLiteral.Text { Folded: var key }) =>
                users.WithOneOf(db.EmailsOf(accountId).Where(email => email.ValueKey == key)),
            _ => throw Unsupported(equal),
        };
    }

    private static IQueryable<UserEmail> Matching(this IQueryable<UserEmail> emails, Filter filter)
    {
        switch (filter)
        {
            case Filter.And and:
                return emails.Matching(and.Left).Matching(and.Right);
            case Filter.Comparison { Operator: FilterOperator.Eq } equal
                when Emails.FindInside(equal.Attribute) is { Attribute: { Name: "value" or "type" } part } target
                    && FilterLiteral.Read(equal, target) is FilterLiteral.Text { Folded: var key }:
                return part.Name == "value"
                    ? emails.Where(email => email.ValueKey == key)
                    : emails.Where(email => email.TypeKey == key);
            default:
                throw Unsupported(filter);
        }
    }

    private static SchemaAttribute Emails { get; } = ResourceType.User.Schema.Attributes.Find("emails")!;

    // Without a value it would be nearly everybody, one by one.
    private static Filter Narrow(Filter filter) => HasValue(filter)
        ? filter
        : throw new ScimException(
            ScimError.InvalidFilter("A filter on emails needs value eq \"…\" among its conditions."));

    private static bool HasValue(Filter filter) => filter switch
    {
        Filter.And and => HasValue(and.Left) || HasValue(and.Right),
        Filter.Comparison equal => equal.Attribute.Name.Equals("value", StringComparison.OrdinalIgnoreCase),
        _ => false,
    };

    // The addresses are found first, by their index, and then their users.
    private static IQueryable<User> WithOneOf(this IQueryable<User> users, IQueryable<UserEmail> emails) =>
        users.Where(user => emails.Select(email => email.UserId).Contains(user.Id));

    private static AttributeTarget Known(AttributePath path) =>
        ResourceType.User.Find(path) is { Attribute: not null } target
            ? target
            : throw new ScimException(ScimError.InvalidFilter($"{path} is not an attribute of a User."));

    private static ScimException Unsupported(Filter filter) => new(ScimError.InvalidFilter(
        $"The filter {filter} is not supported. Supported are eq on userName, externalId, id, active, emails and "
        + "emails.value, emails[type eq \"work\" and value eq \"…\"], and these joined by and."));
}
