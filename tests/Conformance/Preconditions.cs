using System.Text.Json.Nodes;

namespace Conformance;

/// <summary>
/// What is required before the first exchange: the server can be reached and accepts the token, the domain is allowed,
/// and there are free seats. Otherwise every exchange would fail for the same reason, and hide what the server gets
/// wrong.
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
            { Status: 401 or 403 } => $"The server does not accept the token ({list.Detail})",
            { Status: not 200 } or { Json: not JsonObject } =>
                $"There is no SCIM server at this Base URL: GET /Users was answered with {list.Detail}",
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
        ? $"A user on the domain {domain} could not be created ({reply.Detail})\n"
            + "Set --domain to a domain that the account allows, and check that it has free seats."
        : $"The account has room for only {made} more users; {users} are needed ({reply.Detail})\n"
            + "Give it more seats for the duration of the test.";

    private static JsonNode? NewUser(Names names, int number) => names.Fill(JsonNode.Parse($$"""
        {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "probe{{number}}.{tag}@{domain}",
         "name": {"givenName": "Probe", "familyName": "{{number}}"}, "displayName": "Probe {{number}}", "active": true,
         "emails": [{"value": "probe{{number}}.{tag}@{domain}", "type": "work", "primary": true}]}
        """));
}
