using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Scim.Api.Tokens;

/// <summary>Which process this is, as the authorization server knows it.</summary>
internal sealed class Node(IServer server)
{
    private const int MaxName = 100;

    private string? name;

    /// <summary>A new one at each start: a process that starts again has heard of nothing.</summary>
    public Guid Id { get; } = Guid.NewGuid();

    /// <summary><c>host:port</c>, for people; the port is known once the server listens.</summary>
    public string Name => name ?? FindName();

    private string FindName()
    {
        var machine = Environment.MachineName;
        if (server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault() is not { } address)
            return machine;
        var port = BindingAddress.Parse(address).Port;
        return name = $"{machine[..Math.Min(machine.Length, MaxName - ":65535".Length)]}:{port}";
    }
}
