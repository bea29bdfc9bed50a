using Auth.Server.Data;
using Npgsql;
using Shared.Hosting.Data;

namespace Auth.Server.Events;

/// <summary>
/// Wakes those who wait for events or for acknowledgements. Within a process by itself; between the processes on one
/// PostgreSQL by its notifications, which are sent with a commit. A signal that is lost costs time and nothing else:
/// whoever waits looks again before long.
/// </summary>
internal sealed class EventSignals
{
    public Signal Events { get; } = new("scim_events");

    public Signal Acknowledgements { get; } = new("scim_acknowledgements");
}

/// <summary>
/// Something that may happen again and again. Take <see cref="Next"/>, look at the database, then await it.
/// </summary>
internal sealed class Signal(string channel)
{
    private volatile TaskCompletionSource next = New();

    /// <summary>The name of PostgreSQL's channel.</summary>
    public string Channel { get; } = channel;

    /// <summary>Completes at the next pulse.</summary>
    public Task Next => next.Task;

    public void Pulse() => Interlocked.Exchange(ref next, New()).SetResult();

    // Whoever waits goes on by itself, not in the middle of whoever pulses.
    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>Passes PostgreSQL's notifications on, over a connection of its own.</summary>
internal sealed class EventListener(string connectionString, EventSignals signals, ILogger<EventListener> log)
    : BackgroundService
{
    private static readonly TimeSpan pause = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested && ConnectionStrings.IsPostgres(connectionString))
        {
            try
            {
                await Listen(stoppingToken);
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                log.LogWarning(
                    "The database's notifications are not heard, and events travel slowly: {Reason}", error.Message);
                await Task.Delay(pause, stoppingToken);
            }
        }
    }

    private async Task Listen(CancellationToken stopping)
    {
        await using var connection = new NpgsqlConnection(
            ConnectionStrings.ForListening(connectionString, Storage.Program));
        connection.Notification += (_, notification) => PulseOf(notification.Channel)?.Pulse();
        await connection.OpenAsync(stopping);
        await using (var listen = connection.CreateCommand())
        {
            listen.CommandText = "LISTEN scim_events; LISTEN scim_acknowledgements";
            await listen.ExecuteNonQueryAsync(stopping);
        }

        // What came before is not told again.
        signals.Events.Pulse();
        signals.Acknowledgements.Pulse();
        while (true)
            await connection.WaitAsync(stopping);
    }

    private Signal? PulseOf(string channel) =>
        channel == signals.Events.Channel ? signals.Events
        : channel == signals.Acknowledgements.Channel ? signals.Acknowledgements
        : null;
}
