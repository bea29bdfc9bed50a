using Npgsql;
using Shared.Hosting.Data;

namespace Auth.Server.Events;

/// <summary>
/// Wakes the code that waits for events or acknowledgements: in memory within a process, and by PostgreSQL
/// notifications between the processes on one database. A lost signal only costs time, as waiting code also polls.
/// </summary>
internal sealed class EventSignals
{
    public Signal Events { get; } = new("scim_events");

    public Signal Acknowledgements { get; } = new("scim_acknowledgements");
}

/// <summary>
/// A signal that can occur repeatedly. Get <see cref="Next"/>, then query the database, then await it.
/// </summary>
internal sealed class Signal(string channel)
{
    private volatile TaskCompletionSource next = New();

    /// <summary>The name of the PostgreSQL notification channel.</summary>
    public string Channel { get; } = channel;

    /// <summary>Completes at the next pulse.</summary>
    public Task Next => next.Task;

    public void Pulse() => Interlocked.Exchange(ref next, New()).SetResult();

    // Waiting code must not continue on the stack of the code that pulses.
    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>Forwards PostgreSQL notifications from a dedicated connection.</summary>
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
                    "Cannot listen for database notifications, so events arrive more slowly: {Reason}", error.Message);
                await Task.Delay(pause, stoppingToken);
            }
        }
    }

    private async Task Listen(CancellationToken stopping)
    {
        await using var connection = new NpgsqlConnection(
            ConnectionStrings.ForListening(connectionString, ServerSettings.Program));
        connection.Notification += (_, notification) => PulseOf(notification.Channel)?.Pulse();
        await connection.OpenAsync(stopping);
        await using (var listen = connection.CreateCommand())
        {
            listen.CommandText = "LISTEN scim_events; LISTEN scim_acknowledgements";
            await listen.ExecuteNonQueryAsync(stopping);
        }

        // Notifications sent before this connection listened are lost.
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
