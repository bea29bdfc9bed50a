using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Scim.Api.Admission;
using Scim.Api.Data;
using Scim.Api.Provisioning;
using Scim.Api.Users;
using Shared.Contracts;

namespace Scim.Api.Tests;

/// <summary>Routes that only say who was admitted, so that these tests do not depend on SCIM responses.</summary>
internal static class Probe
{
    private static readonly ConcurrentDictionary<Guid, Pause> pauses = new();
    private static readonly ConcurrentDictionary<Guid, Pause> commitPauses = new();

    public static void Map(WebApplication app)
    {
        app.MapGet("/scim/v2/probe", (Caller caller) => caller.AccountId.ToString()).RequireAuthorization(Scopes.Scim);
        app.MapPost("/scim/v2/probe", Write).RequireAuthorization(Scopes.Scim);
        app.MapGet("/portal/probe", (Caller caller) => caller.Administrator!.Email).RequireAuthorization(Scopes.Portal);
        app.MapPost("/portal/probe", Write).RequireAuthorization(Scopes.Portal);
    }

    /// <summary>Holds the next write of the account after its admission and before its transaction begins.</summary>
    public static Pause HoldWriteOf(TestAccount account) => pauses[account.Id] = new();

    /// <summary>Holds the next write of the account before its last check and its COMMIT.</summary>
    public static Pause HoldCommitOf(TestAccount account) => commitPauses[account.Id] = new();

    /// <summary>Whether a write of the account was committed.</summary>
    public static async Task<bool> HasWritten(ScimServer server, TestAccount account)
    {
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        return await db.Set<Population>().AnyAsync(population => population.AccountId == account.Id);
    }

    private static async Task<IResult> Write(Caller caller, ScimDbContext db, CancellationToken cancellation)
    {
        if (pauses.TryRemove(caller.AccountId, out var pause))
            await pause.Wait();
        await using var write = await CallerTransaction.Begin(db, caller, cancellation);
        await write.LockAndRead(_ => { }, _ => Task.FromResult(true), cancellation);
        if (commitPauses.TryRemove(caller.AccountId, out var last))
            await last.Wait();
        await write.Commit(batch => batch.ChangePopulation(caller.AccountId, by: 0), cancellation);
        return Results.NoContent();
    }

    public sealed class Pause
    {
        private readonly TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource released = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Reached => reached.Task;

        public void Release() => released.SetResult();

        public Task Wait()
        {
            reached.SetResult();
            return released.Task;
        }
    }
}
