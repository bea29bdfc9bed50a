using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Scim.Api.Protocol.Filters;
using Scim.Api.Protocol.Paging;
using Scim.Api.Protocol.Schemas;
using Scim.Api.Users.Search;

namespace Scim.Api.Users.Walks;

/// <summary>The identity and the order of a query, which all pages of a walk share.</summary>
internal static class QueryOrder
{
    extension(UserQuery query)
    {
        /// <summary>
        /// Identifies the query by the meaning of its filter and order, however they are written, and regardless of
        /// page size and attributes.
        /// </summary>
        public Guid Hash()
        {
            var order = query.Sorting is { } sorting
                ? $"{NameOf(sorting)} {sorting.Descending}"
                : "";
            var text = $"{query.Filter?.Meaning()}\n{order}";
            return new(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 16));
        }

        /// <summary>The order in which the database returns the users of the query.</summary>
        public Comparer<UserPosition> Order()
        {
            if (query.Sorting is not { } sorting)
                return Comparer<UserPosition>.Create((x, y) => x.Id.CompareTo(y.Id));
            var isNumber = ResourceType.User.Find(
                sorting.By)?.Leaf?.Type is AttributeType.Decimal or AttributeType.Integer;
            return Comparer<UserPosition>.Create((x, y) =>
            {
                var order = CompareValues(x.Value, y.Value, isNumber);
                return order == 0 ? x.Id.CompareTo(y.Id) : sorting.Descending ? -order : order;
            });
        }
    }

    private static string NameOf(Sorting sorting) =>
        ResourceType.User.Find(sorting.By) is { } target ? target.Meaning(target.Leaf) : sorting.By.ToString();

    // A missing value is larger than all others: last if ascending, first if descending.
    private static int CompareValues(string? x, string? y, bool areNumbers) => (x, y) switch
    {
        (null, null) => 0,
        (null, _) => 1,
        (_, null) => -1,
        _ when areNumbers => decimal.Parse(x, CultureInfo.InvariantCulture)
            .CompareTo(decimal.Parse(y, CultureInfo.InvariantCulture)),
        _ => Encoding.UTF8.GetBytes(x).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(y)),
    };
}
