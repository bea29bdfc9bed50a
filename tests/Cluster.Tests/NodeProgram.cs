using System.Globalization;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Cluster.Tests;

/// <summary>
/// One of the real servers, but with a wrong clock: <c>auth|scim OFFSET SETTINGS…</c>. It prints its address, and runs
/// until its input is closed, so that it never outlives the test.
/// </summary>
internal static class NodeProgram
{
    private static async Task Main(string[] args)
    {
        if (args is not [var kind, var offset, .. var settings])
            throw new ArgumentException("This program is started by the tests.", nameof(args));
        var clock = new WrongClock(TimeSpan.Parse(offset, CultureInfo.InvariantCulture));
        void SetClock(WebApplicationBuilder builder) =>
            builder.Services.Replace(ServiceDescriptor.Singleton<TimeProvider>(clock));
        await using var app = kind == "auth"
            ? Auth.Server.Program.Build(settings, SetClock)
            : Scim.Api.Program.Build(settings, SetClock);
        if (kind == "auth")
            await Auth.Server.Management.Preparation.Run(app, migrate: true);
        await app.StartAsync();
        await Console.Out.WriteLineAsync(
            app.Urls.First(url => url.StartsWith("http://127.", StringComparison.Ordinal)));
        await Console.In.ReadToEndAsync();
        await app.StopAsync();
    }

    private sealed class WrongClock(TimeSpan offset) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + offset;
    }
}
