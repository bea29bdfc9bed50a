using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;

namespace Scim.Api.Protocol.Messages;

/// <summary>A response that is written as a whole, so that its length is known.</summary>
internal static class BufferedResponse
{
    /// <summary>Writes the body and sends it with its <c>Content-Length</c>.</summary>
    public static async Task Send(HttpResponse response, Action<IBufferWriter<byte>> write)
    {
        var counter = new CountingWriter(response.BodyWriter);
        write(counter);
        response.ContentLength = counter.Written;
        await response.BodyWriter.FlushAsync(response.HttpContext.RequestAborted);
    }

    /// <summary>Writes a value as JSON.</summary>
    public static Task Send<T>(HttpResponse response, T value)
    {
        response.ContentType = MediaTypes.Json;
        return Send(response, writer =>
        {
            using var json = new Utf8JsonWriter(writer);
            JsonSerializer.Serialize(json, value, JsonSerializerOptions.Web);
        });
    }

    private sealed class CountingWriter(IBufferWriter<byte> writer) : IBufferWriter<byte>
    {
        public long Written { get; private set; }

        public void Advance(int count)
        {
            writer.Advance(count);
            Written += count;
        }

        public Memory<byte> GetMemory(int sizeHint = 0) => writer.GetMemory(sizeHint);

        public Span<byte> GetSpan(int sizeHint = 0) => writer.GetSpan(sizeHint);
    }
}

/// <summary>
/// A response that is sent while it is being written, at the pace of its reader, so that it is never in memory as a
/// whole. A reader that takes nothing for a while, or is far too slow, is disconnected. If writing fails half-way, the
/// connection is aborted, so that the client does not mistake the part for the whole.
/// </summary>
internal sealed class StreamedResponse
{
    /// <summary>How long a reader may take no data.</summary>
    public static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(30);

    /// <summary>How long a response may take in total.</summary>
    public static readonly TimeSpan TotalTimeout = TimeSpan.FromMinutes(5);

    private readonly TimeProvider time;

    private StreamedResponse(PipeWriter writer, TimeProvider time, CancellationToken cancellation) =>
        (Writer, this.time, Cancellation) = (writer, time, cancellation);

    /// <summary>The body.</summary>
    public PipeWriter Writer { get; }

    /// <summary>Cancelled when the reader has disconnected or the time is up.</summary>
    public CancellationToken Cancellation { get; }

    /// <summary>Writes a response whose headers are set, and sends all of it or aborts the connection.</summary>
    public static async Task Send(HttpContext http, Func<StreamedResponse, Task> write)
    {
        var time = http.RequestServices.GetRequiredService<TimeProvider>();
        using var timeout = new CancellationTokenSource(TotalTimeout, time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, http.RequestAborted);
        var response = new StreamedResponse(http.Response.BodyWriter, time, ended.Token);
        try
        {
            await response.Flush();
            await write(response);
            await response.Flush();
        }
        catch when (http.Response.HasStarted)
        {
            http.Abort();
            throw;
        }
    }

    /// <summary>Sends what has been written, and waits until the reader has taken most of it.</summary>
    public async Task Flush()
    {
        using var timeout = new CancellationTokenSource(ReadTimeout, time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, Cancellation);
        await Writer.FlushAsync(ended.Token);
    }
}
