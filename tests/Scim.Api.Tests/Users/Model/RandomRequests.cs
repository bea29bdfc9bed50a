using CsCheck;

namespace Scim.Api.Tests.Users.Model;

/// <summary>Random requests with few names and values, so that users conflict.</summary>
internal static class RandomRequests
{
    private static readonly Gen<string> userName =
        Gen.OneOfConst("a@x.example", "A@x.example", "b@x.example", "c@x.example", "d@x.example", "D@x.example");

    private static readonly Gen<string> externalId = Gen.OneOfConst("1", "2", "3");
    private static readonly Gen<string> title = Gen.OneOfConst("Dr", "dr", "Prof");
    private static readonly Gen<int> who = Gen.Int[0, 7];

    private static readonly Gen<Match> match = Gen.Frequency(
        (6, Gen.Const(Match.None)),
        (1, Gen.Const(Match.Any)),
        (2, Gen.Const(Match.Current)),
        (2, Gen.Const(Match.Former)));

    private static readonly Gen<Wanted> wanted = Gen.Select(
        userName,
        OrNothing(externalId),
        OrNothing(title),
        Gen.OneOfConst<bool?>(null, null, true, false),
        (name, id, title, active) => new Wanted(name, id, title, active));

    private static readonly Gen<(string Attribute, string? Value)> change = Gen.OneOf(
        userName.Select(value => ("userName", (string?)value)),
        OrNothing(externalId).Select(value => ("externalId", value)),
        OrNothing(title).Select(value => ("title", value)),
        Gen.OneOfConst("true", "false").Select(value => ("active", (string?)value)));

    private static readonly Gen<(string Attribute, string Value)> sought = Gen.OneOf(
        userName.Select(value => ("userName", value)),
        externalId.Select(value => ("externalId", value)),
        title.Select(value => ("title", value)));

    public static Gen<ModelRequest[]> Sequence { get; } = Gen.Frequency(
        (6, wanted.Select(ModelRequest (user) => new ModelRequest.Create(user))),
        (4, Gen.Select(who, wanted, match, ModelRequest (who, user, match) => new ModelRequest.Put(who, user, match))),
        (8, Gen.Select(who, change, match, ModelRequest (who, change, match) =>
            new ModelRequest.Patch(who, change.Attribute, change.Value, match))),
        (2, Gen.Select(who, match, ModelRequest (who, match) => new ModelRequest.Delete(who, match))),
        (2, who.Select(ModelRequest (who) => new ModelRequest.Get(who))),
        (2, sought.Select(ModelRequest (one) => new ModelRequest.Find(one.Attribute, one.Value))),
        (1, Gen.Const(ModelRequest () => new ModelRequest.List()))).Array[10, 60];

    private static Gen<string?> OrNothing(Gen<string> value) =>
        Gen.Frequency((1, Gen.Const((string?)null)), (2, value.Select(some => (string?)some)));
}
