using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Microsoft.Extensions.DependencyInjection;
using Scim.Api.Data;
using Scim.Api.Protocol;
using Scim.Api.Protocol.Filters;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;
using Scim.Api.Users;

namespace Scim.Api.Tests.Users.Search;

/// <summary>
/// Random users and filters for the schema, with few different values so that they match. An extension adds the types
/// of attributes that the users of RFC 7643 do not have.
/// </summary>
internal static class RandomUsers
{
    private static readonly string[] Texts =
    [
        "a", "A", "ab", "aB", "b", "bA", "ä", "Ä", "ß", "ẞ", "SS", "é", "e\u0301", "ǅ", "ı", "I", "i", "İ", "K", "k",
        "\uFF5E", "😀", "%", "_", "a_b", "a%", "\\", "'", "\"", "*", " ", "a b", "x@y.z", "true", "1", "null", "𐐀", "𐐨",
    ];

    private static readonly string[] Instants =
    [
        "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", "2025-12-31T23:59:59.999999Z",
        "2026-01-01T00:00:00.0000001Z", "2026-01-01T00:00:00.5-11:30", "1969-07-20T20:17:40Z", "2026-11-23T00:10:00Z",
        "9999-12-31T23:59:59Z",
    ];

    private static readonly decimal[] Numbers =
        [0, 1, -1, 1.5m, 1.50m, 0.1m, 0.3m, 100, 999999999999999m, -0.000001m, 123456789.012345m];

    public const string BaseUrl = "http://localhost:5002/scim/v2";

    public static ResourceType Type { get; } = ResourceType.User with
    {
        Extensions = [.. ResourceType.User.Extensions, Schema.Parse(
            """
            {
              "id": "urn:example:2.0:Test", "name": "Test",
              "attributes": [
                { "name": "integer", "type": "integer" }, { "name": "decimal", "type": "decimal" },
                { "name": "instant", "type": "dateTime" }, { "name": "flag", "type": "boolean" },
                { "name": "exact", "type": "string", "caseExact": true },
                { "name": "words", "type": "string", "multiValued": true },
                { "name": "numbers", "type": "decimal", "multiValued": true },
                { "name": "flags", "type": "boolean", "multiValued": true },
                { "name": "instants", "type": "dateTime", "multiValued": true },
                {
                  "name": "things", "type": "complex", "multiValued": true,
                  "subAttributes": [
                    { "name": "value", "type": "decimal" }, { "name": "at", "type": "dateTime" },
                    { "name": "on", "type": "boolean" }, { "name": "words", "type": "string", "multiValued": true }
                  ]
                }
              ]
            }
            """)],
    };

    private static readonly (AttributePath Path, AttributeTarget Target)[] Attributes = [.. Paths()];

    /// <summary>A filter that the schema allows.</summary>
    public static Gen<Filter> Filter { get; } = Gen.Int.Select(seed => MakeFilter(new Random(seed), depth: 3));

    /// <summary>Stores random users in an account; returns their ids and their resources.</summary>
    public static async Task<List<(Guid Id, JsonObject Json)>> Store(
        ScimServer server, Guid account, int count, int seed)
    {
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        var random = new Random(seed);
        var users = new List<(Guid, JsonObject)>();
        for (var i = 0; i < count; i++)
        {
            var document = Make(random);
            document["userName"] = document["userName"]!.GetValue<string>() + i;
            var now = DateTime.UtcNow.Date.AddMinutes(i / 3);
            var user = new User { AccountId = account, Id = Guid.CreateVersion7(now), Source = "scim", Created = now };
            document = UserDocument.Compose(user.Id, document);
            user.SetDocument(document, claimsWorkEmail: false, now.AddHours(-i % 5));
            db.Add(user);
            db.Entry(user).Property(u => u.Search).CurrentValue = SearchDocument.Of(Type, document).ToJsonString();

            var whole = new ArrayBufferWriter<byte>();
            user.ToResource().WriteTo(whole, BaseUrl, Projection.Whole);
            users.Add((user.Id, RequestBody.Parse(whole.WrittenSpan)));
        }
        await db.SaveChangesAsync();
        return users;
    }

    private static JsonObject Make(Random random)
    {
        var user = new JsonObject { ["userName"] = Text(random), ["active"] = random.Next(2) == 0 };
        foreach (var (holder, attributes) in Type.Extensions.Select(e => (e.Id, e.Attributes))
            .Prepend(("", Type.Schema.Attributes)))
        {
            var made = holder == "" ? user : new JsonObject();
            foreach (var attribute in attributes.Where(a => !user.ContainsKey(a.Name) && random.Next(2) == 0))
                made[attribute.Name] = Value(attribute, random);
            if (holder != "")
                user[holder] = made;
        }
        if (random.Next(2) == 0)
            user["externalId"] = Text(random);
        var sent = RequestBody.Parse(Encoding.UTF8.GetBytes(user.ToJsonString()));
        return DocumentReader.Read(Type, sent, new ClientQuirks());
    }

    private static JsonNode? Value(SchemaAttribute attribute, Random random)
    {
        if (!attribute.MultiValued)
            return One(attribute, random);
        var values = new JsonArray([.. Enumerable.Range(0, random.Next(3)).Select(_ => One(attribute, random))]);
        foreach (var value in values.Skip(1).OfType<JsonObject>())
            value.Remove("primary");
        return values;
    }

    private static JsonNode? One(SchemaAttribute attribute, Random random) => attribute.Type switch
    {
        AttributeType.Complex => new JsonObject(attribute.SubAttributes
            .Where(_ => random.Next(3) > 0)
            .Select(sub => KeyValuePair.Create(sub.Name, Value(sub, random)))),
        AttributeType.Integer => (long)(Numbers[random.Next(Numbers.Length)] % 1000),
        AttributeType.Binary => Convert.ToBase64String([(byte)random.Next(3)]),
        _ => JsonSerializer.SerializeToNode(Scalar(attribute.Type, random)),
    };

    private static Filter MakeFilter(Random random, int depth) => random.Next(depth == 0 ? 2 : 6) switch
    {
        0 or 1 => Leaf(Attributes[random.Next(Attributes.Length)], random),
        2 => new Filter.And(MakeFilter(random, depth - 1), MakeFilter(random, depth - 1)),
        3 => new Filter.Or(MakeFilter(random, depth - 1), MakeFilter(random, depth - 1)),
        4 => new Filter.Not(MakeFilter(random, depth - 1)),
        _ => MakePath(random),
    };

    private static Filter.ValuePath MakePath(Random random)
    {
        var complex = Attributes.Where(a => a.Target is { Attribute.Type: AttributeType.Complex, Sub: null }).ToArray();
        var (path, target) = complex[random.Next(complex.Length)];
        var inside = target.Attribute!.SubAttributes.Select(sub => new AttributePath(null, sub.Name))
            .Select(sub => (sub, target.Attribute.FindSubTarget(sub)!)).ToArray();
        Filter Any() => Leaf(inside[random.Next(inside.Length)], random);
        return new(path, random.Next(5) switch
        {
            0 => Any(),
            1 => new Filter.Not(Any()),
            2 => new Filter.Or(Any(), Any()),
            _ => new Filter.And(Any(), Any()),
        });
    }

    private static Filter Leaf((AttributePath Path, AttributeTarget Target) attribute, Random random)
    {
        var (path, target) = attribute;
        var type = target.Leaf!.Type;
        if (type == AttributeType.Complex || random.Next(8) == 0)
            return new Filter.Present(path);
        FilterOperator[] operators = type switch
        {
            AttributeType.Boolean or AttributeType.Binary => [FilterOperator.Eq, FilterOperator.Ne],
            AttributeType.Decimal or AttributeType.Integer or AttributeType.DateTime =>
                [.. Enum.GetValues<FilterOperator>().Except([FilterOperator.Co, FilterOperator.Sw, FilterOperator.Ew])],
            _ => Enum.GetValues<FilterOperator>(),
        };
        var word = operators[random.Next(operators.Length)];
        var literal = word is FilterOperator.Eq or FilterOperator.Ne && random.Next(10) == 0
            ? null
            : random.Next(20) == 0 && type is AttributeType.String ? "" : Scalar(type, random);
        return new Filter.Comparison(path, word, JsonSerializer.SerializeToElement(literal));
    }

    private static object Scalar(AttributeType type, Random random) => type switch
    {
        AttributeType.Boolean => random.Next(2) == 0,
        AttributeType.Decimal or AttributeType.Integer => Numbers[random.Next(Numbers.Length)],
        AttributeType.DateTime => Instants[random.Next(Instants.Length)],
        AttributeType.Binary => Convert.ToBase64String([(byte)random.Next(3)]),
        _ => Text(random),
    };

    private static string Text(Random random) =>
        Texts[random.Next(Texts.Length)] + (random.Next(4) == 0 ? Texts[random.Next(Texts.Length)] : "");

    private static IEnumerable<(AttributePath, AttributeTarget)> Paths() =>
        from schema in Type.Extensions.Prepend(Type.Schema).Prepend(Schema.Common)
        from attribute in schema.Attributes
        from sub in attribute.SubAttributes.Select(sub => sub.Name).Prepend(null)
        let path = new AttributePath(Type.Extensions.Contains(schema) ? schema.Id : null, attribute.Name, sub)
        let target = Type.Find(path)
        where target.Leaf!.Type != AttributeType.Complex || target.Sub is null
        select (path, target);
}
