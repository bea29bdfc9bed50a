using Auth.Server.Data;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Shared.Contracts;

namespace Auth.Server.Credentials;

/// <summary>
/// Requests that change a credential set once, however often they are sent because an answer was lost. Each kind has a
/// table of its own, whose rows are written in the transaction of the change, so that a crash leaves both or neither.
/// </summary>
internal sealed class RepeatableRequests(AuthDbContext db, IDataProtectionProvider protection)
{
    /// <summary>For how long whoever has made a secret gets it again.</summary>
    public static readonly TimeSpan SecretMemory = TimeSpan.FromMinutes(10);

    /// <summary>The secret of a request of one caller: a row that is copied elsewhere opens nothing.</summary>
    public RememberedSecret SecretOf<TRow>(Guid caller, string request) =>
        new(protection.CreateProtector(typeof(TRow).FullName!, $"{caller}", request));

    /// <summary>Does what a request asks for, or finds what came of it when it was done.</summary>
    /// <param name="secret">Keeps the secret that it makes.</param>
    /// <param name="find">The request's row; null if it was not done yet.</param>
    /// <param name="again">The outcome of a request that was done.</param>
    /// <param name="act">Does it.</param>
    /// <param name="remember">Writes the row, with the number of the event, if there is one.</param>
    /// <param name="check">Refuses it, with the account's row locked.</param>
    public async Task<TOutcome> Once<TRow, TOutcome>(
        RememberedSecret secret,
        Func<Task<TRow?>> find,
        Func<TRow, Task<TOutcome>> again,
        Func<Idempotency, Task<TOutcome>> act,
        Func<IssuedCredentials, long?, Task> remember,
        Func<Task>? check = null)
        where TRow : class
    {
        if (await find() is { } before)
            return await again(before);
        secret.OpenKeys();
        try
        {
            return await act(new(
                async () =>
                {
                    if (await find() is { } meanwhile)
                        throw new DoneBefore(meanwhile);
                    if (check is not null)
                        await check();
                },
                remember));
        }
        catch (DoneBefore done)
        {
            return await again((TRow)done.Row);
        }
        // The same request at the same time for another account, whose row nobody waited for here.
        catch (ProblemException refusal) when (refusal.InnerException is DbUpdateException)
        {
            db.ChangeTracker.Clear();
            if (await find() is not { } other)
                throw;
            return await again(other);
        }
    }

    private sealed class DoneBefore(object row) : Exception
    {
        public object Row { get; } = row;
    }
}

/// <summary>A client secret or direct JWT, encrypted by Data Protection.</summary>
internal sealed class RememberedSecret(IDataProtector protector)
{
    /// <summary>
    /// Has the keys read, or made, by a connection of their own: not while the request's is the database's writer.
    /// </summary>
    public void OpenKeys() => protector.Protect("");

    /// <summary>What is shown once of a set, to be kept; null if there is nothing.</summary>
    public string? Protect(IssuedCredentials issued) =>
        (issued.Token ?? issued.ClientSecret) is { } secret ? protector.Protect(secret) : null;

    /// <summary>A set with what was kept of it; null shows nothing.</summary>
    public IssuedCredentials Restore(CredentialSet set, string? kept)
    {
        var secret = kept is null ? null : protector.Unprotect(kept);
        var isToken = set.Method == CredentialMethods.DirectJwt;
        return new(set, isToken ? secret : null, isToken ? null : secret);
    }
}
