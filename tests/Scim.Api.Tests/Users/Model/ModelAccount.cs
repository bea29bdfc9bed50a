namespace Scim.Api.Tests.Users.Model;

/// <summary>A user of the model. A deleted user keeps its position in the list.</summary>
internal sealed record ModelUser(
    int Number, string UserName, string Email, string? ExternalId, string? Title, bool Active)
{
    /// <summary>The number of changes.</summary>
    public int Version { get; init; }

    public bool Deleted { get; init; }
}

/// <summary>The result of a request: a status, and the users in the response.</summary>
internal sealed record ModelAnswer(int Status, params ModelUser[] Users);

/// <summary>
/// The simplest possible model of the server: a list of users with unique names and work e-mails, and a limit for
/// active users. It knows nothing of SQL, of SCIM's messages or of concurrent requests.
/// </summary>
internal sealed class ModelAccount(int seats, bool restores)
{
    private readonly List<ModelUser> made = [];

    public IEnumerable<ModelUser> Users => made.Where(user => !user.Deleted);

    public int SeatsTaken => Users.Count(user => user.Active);

    /// <summary>The user that a request refers to; null if none was ever created.</summary>
    public ModelUser? At(int who) => made.Count == 0 ? null : made[who % made.Count];

    public ModelAnswer Answer(ModelRequest request) => request switch
    {
        ModelRequest.Create create => Create(create.User),
        ModelRequest.Put put =>
            Change(put.Who, put.Match, user => Become(user, put.User), deactivates: put.User.Active == false),
        ModelRequest.Patch patch => Change(
            patch.Who,
            patch.Match,
            user => Patched(user, patch.Attribute, patch.Value),
            deactivates: patch is { Attribute: "active", Value: "false" }),
        ModelRequest.Delete delete => Delete(delete),
        ModelRequest.Get get => Living(get.Who) is { } user ? new(200, user) : new(404),
        ModelRequest.Find find => new(200, [.. Users.Where(user => Matches(user, find))]),
        _ => new(200, [.. Users]),
    };

    private ModelAnswer Create(Wanted wanted)
    {
        var named = Users.SingleOrDefault(user => Same(user.UserName, wanted.UserName));
        var holders = Users.Where(user => user.ExternalId is not null && user.ExternalId == wanted.ExternalId).ToList();
        var others = holders.Count == 1 ? holders.Where(user => user != named && !user.Active) : [];
        ModelUser[] meant = named is { Active: true } ? [] : [.. named is null ? [] : new[] { named }, .. others];
        var isAnother = named?.ExternalId is { } known && wanted.ExternalId is { } other && known != other;
        if (meant.Length > 1 || (meant.Length == 1 && (!restores || isAnother)))
            return new(409);
        var former = meant.SingleOrDefault();
        // A restored user takes a new seat, and is active unless the create says otherwise.
        var before = (former ?? new(made.Count, "", "", null, null, Active: true)) with { Active = true };
        return Save(Become(before, wanted), hadSeat: false, 201);
    }

    private ModelAnswer Change(int who, Match match, Func<ModelUser, ModelUser> change, bool deactivates)
    {
        if (Living(who) is not { } user)
            return new(404);
        if (match == Match.Former)
            return new(412);
        var after = change(user);
        // A name in use does not stop a deactivation: the user keeps the old one.
        if (deactivates && IsTaken(after))
            after = after with { UserName = user.UserName, Email = user.Email };
        return after == user ? new(200, user) : Save(after, user.Active, 200);
    }

    private ModelAnswer Save(ModelUser after, bool hadSeat, int status)
    {
        if (IsTaken(after))
            return new(409);
        if (after.Active && !hadSeat && SeatsTaken == seats)
            return new(403);
        after = after with { Version = after.Version + 1 };
        if (after.Number == made.Count)
            made.Add(after);
        else
            made[after.Number] = after;
        return new(status, after);
    }

    private bool IsTaken(ModelUser wanted) => Users.Any(user => user.Number != wanted.Number
        && (Same(user.UserName, wanted.UserName) || Same(user.Email, wanted.Email)));

    private ModelAnswer Delete(ModelRequest.Delete delete)
    {
        if (Living(delete.Who) is not { } user)
            return new(404);
        if (delete.Match == Match.Former)
            return new(412);
        made[user.Number] = user with { Deleted = true };
        return new(204);
    }

    // What a PUT or POST omits is cleared, except active; the work e-mail follows the name.
    private static ModelUser Become(ModelUser user, Wanted wanted) => user with
    {
        UserName = wanted.UserName,
        Email = wanted.UserName,
        ExternalId = wanted.ExternalId,
        Title = wanted.Title,
        Active = wanted.Active ?? user.Active,
    };

    private static ModelUser Patched(ModelUser user, string attribute, string? value) => attribute switch
    {
        "userName" => user with { UserName = value!, Email = value! },
        "externalId" => user with { ExternalId = value },
        "title" => user with { Title = value },
        _ => user with { Active = value == "true" },
    };

    private static bool Matches(ModelUser user, ModelRequest.Find find) => find.Attribute switch
    {
        "userName" => Same(user.UserName, find.Value),
        "title" => Same(user.Title, find.Value),
        _ => user.ExternalId == find.Value,
    };

    private static bool Same(string? one, string? other) =>
        string.Equals(one, other, StringComparison.OrdinalIgnoreCase);

    private ModelUser? Living(int who) => At(who) is { Deleted: false } user ? user : null;
}
