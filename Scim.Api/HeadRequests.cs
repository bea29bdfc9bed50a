using Microsoft.AspNetCore.Http.Features;

namespace Scim.Api;

/// <summary>
/// Answers HEAD wherever GET is answered (RFC 9110 §9.3.2): as GET is, with the length of its body, but without it.
/// </summary>
internal static class HeadRequests
{
    public static void UseHeadRequests(this IApplicationBuilder app) => app.Use(
        (http, next) => HttpMethods.IsHead(http.Request.Method) ? AnswerAsGet(http, next) : next(http));

    /// <summary>Whether the client asked for the head of the answer alone.</summary>
    public static bool IsHead(this HttpContext http) => http.Features.Get<Head>() is not null;

    private static async Task AnswerAsGet(HttpContext http, RequestDelegate next)
    {
        var real = http.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        await using var body = new CountingStream();
        var counting = new StreamResponseBodyFeature(body, real);
        http.Features.Set(new Head());
        http.Features.Set<IHttpResponseBodyFeature>(counting);
        http.Request.Method = HttpMethods.Get;
        try
        {
            await next(http);
            await counting.CompleteAsync();
        }
        finally
        {
            http.Features.Set(real);
        }
        if (!http.Response.HasStarted && HasBody(http.Response.StatusCode))
            http.Response.ContentLength ??= body.Length;
    }

    private static bool HasBody(int status) =>
        status is >= 200 and not StatusCodes.Status204NoContent and not StatusCodes.Status304NotModified;

    private sealed record Head;

    /// <summary>Takes everything and keeps nothing but its length.</summary>
    private sealed class CountingStream : Stream
    {
        private long length;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => length;

        public override long Position
        {
            get => length;
            set => throw new NotSupportedException();
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => length += count;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            length += buffer.Length;
            return ValueTask.CompletedTask;
        }
    }
}
