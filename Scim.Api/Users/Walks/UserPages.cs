using Scim.Api.Protocol.Paging;
using Scim.Api.Users.Search;

namespace Scim.Api.Users.Walks;

/// <summary>Reads users page by page.</summary>
internal sealed class UserPages(UserSearch search)
{
    public async Task<ListResponse> Read(UserQuery query, ListRequest request, CancellationToken cancellation)
    {
        var (startIndex, count) = request.Page;
        var found = await search.Find(query, after: null, startIndex - 1, count, cancellation);
        var total = await search.Count(query, cancellation);
        return new ListResponse(total, [.. found.Select(user => user.Resource)]) { StartIndex = startIndex };
    }
}
