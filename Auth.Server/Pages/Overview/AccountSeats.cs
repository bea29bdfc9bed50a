using Auth.Server.Accounts;
using Shared.Contracts;

namespace Auth.Server.Pages.Overview;

/// <summary>The seats of an account by product, for <c>_Seats</c>.</summary>
/// <param name="Account">The account, which says how many it has bought.</param>
/// <param name="Counted">How many are used; null while <c>Scim.Api</c> cannot be reached.</param>
internal sealed record AccountSeats(Account Account, IReadOnlyList<ProductSeats>? Counted)
{
    /// <summary>The tone of a product's number: amber from 90 %, red above the limit.</summary>
    public static string? ToneOf(ProductSeats seats) =>
        seats.Used > seats.Seats ? "error" : seats.Used >= seats.Seats * 0.9 ? "warning" : null;
}
