namespace Auth.Server.Data;

/// <summary>
/// Lets one writer at a time into SQLite, in the order of arrival, so that writers of this process wait here instead
/// of polling a locked database. PostgreSQL has row locks and needs no gate.
/// </summary>
internal sealed class WriterGate(bool oneAtATime) : IDisposable
{
    private readonly SemaphoreSlim? semaphore = oneAtATime ? new(1, 1) : null;

    public Task Enter(CancellationToken cancellation) => semaphore?.WaitAsync(cancellation) ?? Task.CompletedTask;

    public void Leave() => semaphore?.Release();

    public void Dispose() => semaphore?.Dispose();
}
