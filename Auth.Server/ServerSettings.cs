using Shared.Hosting;
using Shared.Hosting.Data;

namespace Auth.Server;

/// <summary>Reads the settings, once, when the process starts.</summary>
internal static class ServerSettings
{
    /// <summary>The name of the program, in messages and in PostgreSQL's list of connections.</summary>
    public const string Program = "Auth.Server";

    /// <returns>The sections <c>Auth</c> and <c>Smtp</c>, and the connection string of the auth database.</returns>
    /// <exception cref="OperatorException">Settings are missing or invalid; the message lists all of them.</exception>
    public static (AuthOptions Auth, SmtpOptions Smtp, string Database) Read(WebApplicationBuilder builder)
    {
        var faults = new List<string>();
        var auth = Read<AuthOptions>(builder.Configuration.GetSection("Auth"), faults);
        var smtp = Read<SmtpOptions>(builder.Configuration.GetSection("Smtp"), faults);
        var database = builder.Configuration.GetConnectionString("Auth");
        if (ConnectionStrings.FaultOf(database) is { } fault)
            faults.Add($"ConnectionStrings:Auth {fault}");
        faults.AddRange(Settings.FaultsOfUrls(builder.Configuration));
        if (builder.Environment.IsDevelopment() && auth.PublicUrl is { IsAbsoluteUri: true, IsLoopback: false })
        {
            faults.Add(
                $"Auth:PublicUrl is {auth.PublicUrl}, but ASPNETCORE_ENVIRONMENT is Development, "
                + "which is only for this machine.");
        }
        return faults.Count == 0
            ? (auth, smtp, ConnectionStrings.WithDefaults(database!, Program))
            : throw new OperatorException(faults);
    }

    private static T Read<T>(IConfigurationSection section, List<string> faults)
        where T : class, new()
    {
        var options = Settings.Readable(section, typeof(T), ":", faults).Get<T>() ?? new();
        faults.AddRange(Settings.FaultsOf(options));
        return options;
    }
}
