using System.Net;
using Auth.Server.Accounts;
using Auth.Server.Administrators;
using Auth.Server.Audit;
using Auth.Server.Connect;
using Auth.Server.Credentials;
using Auth.Server.Data;
using Auth.Server.Events;
using Auth.Server.Keys;
using Auth.Server.Limits;
using Auth.Server.Management;
using Auth.Server.Pages;
using Auth.Server.Pages.Settings;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Http.Resilience;
using Shared.Hosting;

namespace Auth.Server;

/// <summary>
/// The authorization server, its portal and its commands. <c>Auth.Server</c> runs the server; with a verb, such as
/// <c>Auth.Server accounts list</c>, it runs that command, in the running server if there is one.
/// </summary>
internal static class Program
{
    private const string Name = "Auth.Server";

    private static async Task<int> Main(string[] args)
    {
        try
        {
            if (!Commands.IsNamedBy(args))
                return await RunServer(args);
            var command = Commands.Parse(args);
            return command.NeedsServer ? await RunCommand(command) : await command.Answer();
        }
        catch (Exception failure)
        {
            return await StartupFailure.Report(Name, failure);
        }
    }

    /// <summary>What the process is made of, top to bottom.</summary>
    /// <param name="args">Settings, as <c>--Name=value</c>.</param>
    /// <param name="time">The clock; the system's unless a test has one of its own.</param>
    /// <param name="serves">Whether it will be started; a command only uses its parts.</param>
    internal static WebApplication Build(string[] args, TimeProvider? time = null, bool serves = true)
    {
        var builder = CreateBuilder(args);
        var (auth, database) = ReadSettings(builder);
        CommandSocket.MakeFolder(auth.DataDirectory);
        builder.WebHost.UseStaticWebAssets();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            // The longest request has a JWK set in it. Forms are held in memory, and strangers send them, too.
            kestrel.Limits.MaxRequestBodySize = 1024 * 1024;
        });
        builder.WebHost.UseSetting(
            WebHostDefaults.ServerUrlsKey,
            $"{builder.Configuration[WebHostDefaults.ServerUrlsKey]};http://unix:{CommandSocket.PathIn(auth.DataDirectory)}");

        var services = builder.Services;
        services.KeepSecretsOut();
        services.AddSingleton(auth);
        services.AddSingleton(time ?? TimeProvider.System);
        services.AddSingleton<CommandSocketOwner>();

        Storage.Guard(database);
        services.AddStorage(database);
        services.AddHostedService<Pruning>();
        services.AddHsts(hsts => hsts.MaxAge = TimeSpan.FromDays(365));
        services.AddDataProtection()
            .SetApplicationName("SciLeads Auth")
            .PersistKeysToDbContext<AuthDbContext>()
            .ProtectKeysWithCertificate(KeyCertificate.OpenOrCreate(auth.KeyCertificate, () => Storage.HasKeys(database)));
        services.AddKeyRingGuard();
        services.AddDatabaseHealth();

        services.AddHttpContextAccessor();
        services.AddScoped<AuditTrail>();
        services.AddScoped<PendingActions>();
        services.AddHostedService<PendingActionWatch>();
        services.AddScoped<AccountRegister>();
        services.AddEvents(database);
        services.AddCredentialSets();
        services.AddScoped<CredentialContext>();
        services.AddScoped<ResourceServers>();
        services.AddAdministrators(auth);
        services.AddAuthorizationServer(auth);
        services.AddPortalCookie(auth);
        services.AddPortal(auth);
        services.AddHttpClient<ScimApi>(http => http.BaseAddress = auth.ScimApiUrl)
            .AddStandardResilienceHandler(resilience =>
            {
                // A page waits no longer; what may have been done is not done again.
                resilience.TotalRequestTimeout.Timeout = TimeSpan.FromSeconds(8);
                resilience.AttemptTimeout.Timeout = TimeSpan.FromSeconds(3);
                resilience.Retry.Delay = TimeSpan.FromMilliseconds(200);
                resilience.Retry.MaxRetryAttempts = 2;
                resilience.Retry.DisableForUnsafeHttpMethods();
            });
        services.AddManagement(auth);
        services.AddProblemDetails();
        services.AddExceptionHandler<ProblemAnswers>();
        services.Configure<ForwardedHeadersOptions>(forwarded => TrustProxies(forwarded, auth));

        var app = builder.Build();
        if (serves)
            app.Services.GetRequiredService<CommandSocketOwner>();
        app.UseForwardedHeaders();
        app.UseHeadRequests();
        app.UseMiddleware<PlainHttp>();
        // Whatever host a request names, and though TLS may end at a proxy: cookies, redirects and metadata are those of
        // the one public address, and nobody can have them made of another.
        app.Use((http, next) =>
        {
            http.Request.Scheme = auth.PublicUrl.Scheme;
            http.Request.Host = new HostString(auth.PublicUrl.Authority);
            return next(http);
        });
        if (auth.IsHttps)
            app.UseHsts();
        app.UseMiddleware<SecurityHeaders>();
        app.UseExceptionHandler("/error");
        app.UseErrorPages();
        app.UseManagementProblems();
        app.UseMiddleware<OnlyFromHeader>();
        // Files of the pages may be kept, and are asked for again only if their address has no version.
        app.UseStaticFiles(new StaticFileOptions
        {
            OnPrepareResponse = file => file.Context.Response.Headers.CacheControl =
                file.Context.Request.Query.ContainsKey("v") ? "public, max-age=31536000, immutable" : "no-cache",
        });
        app.UseRouting();
        app.UseMiddleware<StrangerQueues>();
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseAntiforgery();

        app.MapHealthChecks("/health/ready");
        app.MapHealthChecks("/health/live", new() { Predicate = _ => false });
        app.MapTokenEndpoint();
        app.MapEvents();
        app.MapManagement();
        app.MapCommands();
        app.MapRazorPages().WithMetadata(
            new HttpMethodMetadata([HttpMethods.Get, HttpMethods.Head, HttpMethods.Post]));
        return app;
    }

    /// <summary>
    /// Brings the database up to date, or insists that it is, and opens the keys; nodes that start at once do so one after
    /// another.
    /// </summary>
    internal static async Task Prepare(WebApplication app, bool migrate, CancellationToken cancellation = default)
    {
        await using var scope = app.Services.CreateAsyncScope();
        var services = scope.ServiceProvider;
        var database = services.GetRequiredService<Database>();
        if (migrate)
            await DatabaseMigration.EnsureExists(services.GetRequiredService<AuthDbContext>(), cancellation);
        await using var migration = await MigrationLock.Take(
            database.ConnectionString,
            () => app.Logger.LogInformation("Waiting for another process that is preparing the database"),
            cancellation);
        await using (var db = database.Open(migration.Connection, services.GetRequiredService<ILoggerFactory>()))
        {
            if (migrate)
                await DatabaseMigration.Apply(db, Name, cancellation);
            else
                await DatabaseMigration.RequireCurrent(db, Name, cancellation);
        }
        services.GetRequiredService<KeyRingGuard>().RequireReadable();
        await services.GetRequiredService<KeyRotation>().Advance(cancellation);
    }

    private static async Task<int> RunServer(string[] args)
    {
        var (auth, connectionString) = ReadSettings(CreateBuilder(args));
        using var database = DatabaseLock.Take(connectionString);
        await using var app = Build(args);
        await Prepare(app, auth.MigrateAtStart);
        await app.RunAsync();
        return 0;
    }

    private static async Task<int> RunCommand(ParsedCommand command)
    {
        var (auth, connectionString) = ReadSettings(CreateBuilder([]));
        // A server that is running may be older than this program, and would not know what there is to migrate.
        if (command.Migrates)
        {
            using var owned = DatabaseLock.Take(connectionString);
            return await RunCommandAlone(command.Arguments, migrate: true);
        }

        // Either the server runs the command, or nobody has the database. In between, a server is starting or stopping.
        for (var patience = 60; ; patience--)
        {
            var socket = CommandSocket.PathIn(auth.DataDirectory);
            if (await CommandSocket.Send(socket, command.Arguments, CancellationToken.None) is { } answer)
            {
                await Console.Out.WriteAsync(answer.Output);
                await Console.Error.WriteAsync(answer.Error);
                return answer.ExitCode;
            }

            using var database = DatabaseLock.TryTake(connectionString);
            if (database is not null)
                return await RunCommandAlone(command.Arguments, auth.MigrateAtStart);
            if (patience == 0)
                throw new OperatorException($"another Auth.Server has the database, but does not answer at {socket}.");
            await Task.Delay(TimeSpan.FromMilliseconds(250));
        }
    }

    private static async Task<int> RunCommandAlone(IReadOnlyList<string> arguments, bool migrate)
    {
        // Standard output is the command's own; the log goes to standard error.
        await using var app = Build(["--Logging:Console:LogToStandardErrorThreshold=Trace"], serves: false);
        await Prepare(app, migrate);
        return await new Commands(app.Services, Environment.CurrentDirectory, CommandSocket.UnixUser)
            .Run(arguments, Console.Out, Console.Error, CancellationToken.None);
    }

    /// <summary>The settings and the pages lie beside the program, wherever and by whatever it is called.</summary>
    private static WebApplicationBuilder CreateBuilder(string[] args) => WebApplication.CreateBuilder(
        new WebApplicationOptions
        {
            Args = args,
            ApplicationName = typeof(Program).Assembly.GetName().Name,
            ContentRootPath = AppContext.BaseDirectory,
        });

    /// <returns>The section <c>Auth</c>, and the connection string of the auth database.</returns>
    /// <exception cref="OperatorException">Settings are missing or wrong; it says which, all at once.</exception>
    private static (AuthOptions Auth, string Database) ReadSettings(WebApplicationBuilder builder)
    {
        var faults = new List<string>();
        var auth = Settings.Readable(builder.Configuration.GetSection("Auth"), typeof(AuthOptions), ":", faults)
            .Get<AuthOptions>() ?? new();
        faults.AddRange(Settings.FaultsOf(auth));
        var database = builder.Configuration.GetConnectionString("Auth");
        if (ConnectionStrings.FaultOf(database) is { } fault)
            faults.Add($"ConnectionStrings:Auth {fault}");
        faults.AddRange(Settings.FaultsOfUrls(builder.Configuration));
        if (builder.Environment.IsDevelopment() && auth.PublicUrl is { IsAbsoluteUri: true, IsLoopback: false })
            faults.Add(
                $"Auth:PublicUrl is {auth.PublicUrl}, but ASPNETCORE_ENVIRONMENT is Development, which is for this machine.");
        return faults.Count == 0
            ? (auth, ConnectionStrings.WithDefaults(database!, Name))
            : throw new OperatorException(faults);
    }

    private static void TrustProxies(ForwardedHeadersOptions forwarded, AuthOptions auth)
    {
        forwarded.ForwardedHeaders = auth.KnownProxies.Count == 0 ? ForwardedHeaders.None : ForwardedHeaders.All;
        forwarded.KnownProxies.Clear();
        forwarded.KnownIPNetworks.Clear();
        foreach (var proxy in auth.KnownProxies)
            forwarded.KnownProxies.Add(IPAddress.Parse(proxy));
        forwarded.AllowedHosts = [auth.PublicUrl.Host];
    }
}
