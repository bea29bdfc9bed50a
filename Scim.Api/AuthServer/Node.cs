using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Scim.Api.AuthServer;

/// <summary>This process, as Auth.Server knows it.</summary>
internal sealed class Node(IServer server)
{
    private const int MaxNameLength = 100;

    private string? name;

    /// <summary>New at each start: a process that restarts has received no event.</summary>
    public Guid Id { get; } = Guid.NewGuid();

    /// <summary><c>host:port</c>, to be read by people. The port is known once the server listens.</summary>
    public string Name => name ?? FindName();

    private string FindName()
    {
        var machine = Environment.MachineName;
        if (server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault() is not { } address)
            return machine;
        var port = BindingAddress.Parse(address).Port;
        return name = $"{machine[..Math.Min(machine.Length, MaxNameLength - ":65535".Length)]}:{port}";
    }
}
