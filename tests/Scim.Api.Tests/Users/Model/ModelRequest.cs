using System.Text.Json.Nodes;

namespace Scim.Api.Tests.Users.Model;

/// <summary>The attributes that an identity provider sends; null means absent.</summary>
internal sealed record Wanted(string UserName, string? ExternalId, string? Title, bool? Active)
{
    public string Body() => new JsonObject
    {
        ["schemas"] = new JsonArray("urn:ietf:params:scim:schemas:core:2.0:User"),
        ["userName"] = UserName,
        ["externalId"] = ExternalId,
        ["title"] = Title,
        ["active"] = Active,
        ["name"] = new JsonObject { ["givenName"] = "Ann", ["familyName"] = "Lee" },
    }.ToJsonString();
}

/// <summary>The version in the <c>If-Match</c> of a write.</summary>
internal enum Match
{
    None,
    Any,
    Current,
    Former,
}

/// <summary>
/// A request of a random sequence. <c>Who</c> is an index into all users ever created, modulo their number.
/// </summary>
internal abstract record ModelRequest
{
    public sealed record Create(Wanted User) : ModelRequest;

    public sealed record Put(int Who, Wanted User, Match Match) : ModelRequest;

    /// <summary>Replaces an attribute, or removes it if there is no value.</summary>
    public sealed record Patch(int Who, string Attribute, string? Value, Match Match) : ModelRequest;

    public sealed record Delete(int Who, Match Match) : ModelRequest;

    public sealed record Get(int Who) : ModelRequest;

    public sealed record Find(string Attribute, string Value) : ModelRequest;

    public sealed record List : ModelRequest;
}
