using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;

namespace Scim.Api.Protocol.Messages;

/// <summary>An answer that is written as a whole, so that its length is known.</summary>
internal static class WholeAnswer
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
/// An answer that is sent while it is being written, at the pace of its reader, so that it never lies in memory as a
/// whole. A reader that takes nothing for a while, or is far too slow, is cut off. If writing fails half-way, the
/// connection is aborted, so that nobody takes what came for the whole.
/// </summary>
internal sealed class StreamedAnswer
{
    /// <summary>How long a reader may take nothing.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>How long an answer may take in all.</summary>
    public static readonly TimeSpan TotalPatience = TimeSpan.FromMinutes(5);

    private readonly TimeProvider time;

    private StreamedAnswer(PipeWriter writer, TimeProvider time, CancellationToken cancellation) =>
        (Writer, this.time, Cancellation) = (writer, time, cancellation);

    /// <summary>Where it is written to.</summary>
    public PipeWriter Writer { get; }

    /// <summary>Ends the writing when the reader has gone or the time is over.</summary>
    public CancellationToken Cancellation { get; }

    /// <summary>Writes an answer whose head is set, and sends all of it or aborts the connection.</summary>
    public static async Task Send(HttpContext http, Func<StreamedAnswer, Task> write)
    {
        var time = http.RequestServices.GetRequiredService<TimeProvider>();
        using var patience = new CancellationTokenSource(TotalPatience, time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, http.RequestAborted);
        var answer = new StreamedAnswer(http.Response.BodyWriter, time, ended.Token);
        try
        {
            await answer.Flush();
            await write(answer);
            await answer.Flush();
        }
        catch when (http.Response.HasStarted)
        {
            http.Abort();
            throw;
        }
    }

    /// <summary>Sends what was written, and waits until the reader has taken most of it.</summary>
    public async Task Flush()
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, Cancellation);
        await Writer.FlushAsync(ended.Token);
    }
}
