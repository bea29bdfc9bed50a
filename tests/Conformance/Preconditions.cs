using System.Text.Json.Nodes;

namespace Conformance;

/// <summary>
/// What must be so before the first exchange: the server is reached and lets the token in, the domain is allowed, and
/// there are seats. Otherwise every exchange would fail for the same reason, and hide what the server gets wrong.
/// </summary>
internal sealed class Preconditions(Connection connection, string domain)
{
    /// <summary>What is missing, as a sentence; null if nothing is.</summary>
    public async Task<string?> Missing(int users, CancellationToken cancellation)
    {
        var list = await connection.Send("GET", "/Users?startIndex=1&count=1", null, [], cancellation);
        return list switch
        {
            { Status: null } => $"The server cannot be reached: {list.Detail}.",
            { Status: 401 or 403 } => $"The server does not let the token in ({list.Detail})",
            { Status: not 200 } or { Json: not JsonObject } =>
                $"There is no SCIM server at this Base URL: GET /Users came as {list.Detail}",
            _ => await RoomFor(users, cancellation),
        };
    }

    private async Task<string?> RoomFor(int users, CancellationToken cancellation)
    {
        var names = new Names(domain);
        var people = new People(connection, names);
        try
        {
            for (var made = 0; made < users; made++)
            {
                var reply = await people.Create(NewUser(names, made), [], cancellation);
                if (!reply.IsSuccess)
                    return Refused(made, users, reply);
            }
            return null;
        }
        finally
        {
            await people.Delete(CancellationToken.None);
        }
    }

    private string Refused(int made, int users, Reply reply) => made == 0
        ? $"A user on the domain {domain} could not be made ({reply.Detail})\n"
            + "Name a domain that the account allows with --domain, and see that it has free seats."
        : $"The account has room for {made} more users, and {users} at once are needed ({reply.Detail})\n"
            + "Give it more seats for the time of the test.";

    private static JsonNode? NewUser(Names names, int number) => names.Fill(JsonNode.Parse($$"""
        {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "probe{{number}}.{tag}@{domain}",
         "name": {"givenName": "Probe", "familyName": "{{number}}"}, "displayName": "Probe {{number}}", "active": true,
         "emails": [{"value": "probe{{number}}.{tag}@{domain}", "type": "work", "primary": true}]}
        """));
}
