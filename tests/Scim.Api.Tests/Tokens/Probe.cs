using Microsoft.AspNetCore.Builder;
using Scim.Api.Tokens;
using Shared.Contracts;

namespace Scim.Api.Tests.Tokens;

/// <summary>Routes that only say who was let in, so that these tests do not depend on what SCIM answers.</summary>
internal static class Probe
{
    public static void Map(WebApplication app)
    {
        app.MapGet("/scim/v2/probe", (Caller caller) => caller.AccountId.ToString()).RequireAuthorization(Scopes.Scim);
        app.MapGet("/portal/probe", (Caller caller) => caller.Administrator!.Email).RequireAuthorization(Scopes.Portal);
    }
}
