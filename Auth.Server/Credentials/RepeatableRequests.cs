using Auth.Server.Data;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Shared.Contracts;

namespace Auth.Server.Credentials;

/// <summary>
/// Requests that change a credential set only once, however often they are retried because a response was lost.
/// Each kind of request has its own table. Its rows are written in the transaction of the change, so that a
/// crash leaves both or neither.
/// </summary>
internal sealed class RepeatableRequests(AuthDbContext db, IDataProtectionProvider protection)
{
    /// <summary>
    /// For how long the caller who generated a secret can retrieve it again by repeating the request.
    /// </summary>
    public static readonly TimeSpan SecretMemory = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Protects the secret of one request of one caller: it cannot be decrypted if its row is copied to another.
    /// </summary>
    public RememberedSecret SecretOf<TRow>(Guid caller, string request) =>
        new(protection.CreateProtector(typeof(TRow).FullName!, $"{caller}", request));

    /// <summary>Carries out a request, or returns the outcome if it was carried out before.</summary>
    /// <param name="secret">Protects the secret that the request generates.</param>
    /// <param name="find">Finds the request's row; null if it was not carried out yet.</param>
    /// <param name="again">Returns the outcome of a request that was carried out.</param>
    /// <param name="act">Carries out the request.</param>
    /// <param name="remember">Writes the request's row, with the number of the event, if there is one.</param>
    /// <param name="check">Throws if the request must be refused; runs with the account's row locked.</param>
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
        // The same request was made concurrently for another account, so the account's lock did not serialize them.
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
    /// Loads or creates the Data Protection keys, which uses another connection. This must happen before the request's
    /// own connection holds the database's write lock.
    /// </summary>
    public void OpenKeys() => protector.Protect("");

    /// <summary>Encrypts the secret or token of a set for storage; null if it has neither.</summary>
    public string? Protect(IssuedCredentials issued) =>
        (issued.Token ?? issued.ClientSecret) is { } secret ? protector.Protect(secret) : null;

    /// <summary>Returns a set with its stored secret or token, if there is one.</summary>
    public IssuedCredentials Restore(CredentialSet set, string? kept)
    {
        var secret = kept is null ? null : protector.Unprotect(kept);
        var isToken = set.Method == CredentialMethods.DirectJwt;
        return new(set, isToken ? secret : null, isToken ? null : secret);
    }
}
