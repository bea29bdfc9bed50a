using Scim.Api.Data;
using Scim.Api.Protocol.Filters;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Users;

/// <summary>
/// Filters in the database: <c>eq</c> on what has an index, and <c>and</c> between them. Whatever else is asked is refused
/// (RFC 7644 §3.4.2.2): a filter that were left out would give everybody.
/// </summary>
internal static class UserFilters
{
    public static IQueryable<User> Matching(this IQueryable<User> users, Filter filter, ScimDbContext db, Guid accountId) =>
        filter switch
        {
            Filter.And and => users.Matching(and.Left, db, accountId).Matching(and.Right, db, accountId),
            Filter.Comparison { Operator: FilterOperator.Eq } equal => users.Equal(equal, db, accountId),
            Filter.ValuePath path when Known(path.Attribute).Attribute!.Name == "emails" =>
                users.WithEmail(db.EmailsOf(accountId).Matching(path.Inner), hasValue: HasValue(path.Inner)),
            _ => throw Unsupported(filter),
        };

    private static IQueryable<User> Equal(
        this IQueryable<User> users, Filter.Comparison equal, ScimDbContext db, Guid accountId)
    {
        var target = Known(equal.Attribute);
        var path = target.Extension is null ? new AttributePath(null, target.Attribute!.Name, target.Sub?.Name).ToString() : "";
        var literal = path is "userName" or "externalId" or "id" or "active" or "emails" or "emails.value"
            ? FilterLiteral.Read(equal, target)
            : throw Unsupported(equal);
        return (path, literal) switch
        {
            ("userName", FilterLiteral.Text { Folded: var key }) => users.Where(user => user.UserNameKey == key),
            ("externalId", FilterLiteral.Text { Folded: var text }) => users.Where(user => user.ExternalId == text),
            ("id", FilterLiteral.Text { Folded: var id }) => users.WithId(id),
            ("active", FilterLiteral.Boolean { Value: var active }) => users.Where(user => user.Active == active),
            (_, FilterLiteral.Text { Folded: var key }) =>
                users.WithEmail(db.EmailsOf(accountId).Where(email => email.ValueKey == key), hasValue: true),
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
                when Emails.FindInside(equal.Attribute) is { } target && FilterLiteral.Read(equal, target) is FilterLiteral.Text { Folded: var key }:
                return target.Attribute!.Name switch
                {
                    "value" => emails.Where(email => email.ValueKey == key),
                    "type" => emails.Where(email => email.TypeKey == key),
                    _ => throw Unsupported(equal),
                };
            default:
                throw Unsupported(filter);
        }
    }

    private static SchemaAttribute Emails { get; } = ResourceType.User.Schema.Attributes.Find("emails")!;

    private static bool HasValue(Filter filter) => filter switch
    {
        Filter.And and => HasValue(and.Left) || HasValue(and.Right),
        Filter.Comparison equal => equal.Attribute.Name.Equals("value", StringComparison.OrdinalIgnoreCase),
        _ => false,
    };

    // The addresses are found first, by their index, and then their users.
    private static IQueryable<User> WithEmail(this IQueryable<User> users, IQueryable<UserEmail> emails, bool hasValue) =>
        hasValue
            ? users.Where(user => emails.Select(email => email.UserId).Contains(user.Id))
            : throw new ScimException(ScimError.InvalidFilter("A filter on emails needs value eq \"…\" among its conditions."));

    private static AttributeTarget Known(AttributePath path) =>
        ResourceType.User.Find(path) is { Attribute: not null } target
            ? target
            : throw new ScimException(ScimError.InvalidFilter($"{path} is not an attribute of a User."));

    private static ScimException Unsupported(Filter filter) => new(ScimError.InvalidFilter(
        $"The filter {filter} is not supported. Supported are eq on userName, externalId, id, active, emails and emails.value, "
        + "emails[type eq \"work\" and value eq \"…\"], and these joined by and."));
}
