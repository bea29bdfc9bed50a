using System.ComponentModel.DataAnnotations;
using System.Data.Common;
using System.Net;
using System.Security.Cryptography;
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
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Http.Resilience;
using Shared.Hosting;

namespace Auth.Server;

/// <summary>
/// The authorization server, its portal and its commands. <c>Auth.Server</c> runs the server; with a verb, such as
/// <c>Auth.Server accounts list</c>, it runs that command, in the running server if there is one.
/// </summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        try
        {
            return args is [var verb, ..] && (!verb.StartsWith('-') || verb is "--help" or "-h" or "-?" or "--version")
                ? await RunCommand(args)
                : await RunServer(args);
        }
        // A wrong setting, a database in use, a port in use: one sentence, not a stack.
        catch (Exception error) when (error is InvalidOperationException or ArgumentException or ValidationException
            or IOException or UnauthorizedAccessException or DbException or CryptographicException)
        {
            await Console.Error.WriteLineAsync($"Auth.Server cannot run: {error.Message}");
            return 1;
        }
    }

    /// <summary>What the process is made of, top to bottom.</summary>
    internal static WebApplication Build(string[] args, TimeProvider? time = null)
    {
        var builder = CreateBuilder(args);
        var auth = ReadOptions(builder.Configuration);
        if (builder.Environment.IsDevelopment() && !auth.PublicUrl.IsLoopback)
            throw new ValidationException(
                $"Auth:PublicUrl is {auth.PublicUrl}, but ASPNETCORE_ENVIRONMENT is Development, which is for this machine.");
        CommandSocket.Prepare(auth.DataDirectory);
        builder.WebHost.UseStaticWebAssets();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
        builder.WebHost.UseSetting(
            WebHostDefaults.ServerUrlsKey,
            $"{builder.Configuration[WebHostDefaults.ServerUrlsKey]};http://unix:{CommandSocket.PathIn(auth.DataDirectory)}");

        var services = builder.Services;
        services.KeepSecretsOut();
        services.AddSingleton(auth);
        services.AddSingleton(time ?? TimeProvider.System);

        Storage.Guard(ConnectionString(builder.Configuration));
        services.AddStorage(ConnectionString(builder.Configuration));
        services.AddHostedService<Pruning>();
        services.AddHsts(hsts => hsts.MaxAge = TimeSpan.FromDays(365));
        services.AddDataProtection()
            .SetApplicationName("SciLeads Auth")
            .PersistKeysToDbContext<AuthDbContext>()
            .ProtectKeysWithCertificate(KeyCertificate.OpenOrCreate(auth.KeyCertificate));
        services.AddHealthChecks().AddCheck<DatabaseHealth>("database");

        services.AddHttpContextAccessor();
        services.AddScoped<AuditTrail>();
        services.AddScoped<PendingActions>();
        services.AddHostedService<PendingActionWatch>();
        services.AddScoped<AccountRegister>();
        services.AddEvents(ConnectionString(builder.Configuration));
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

    /// <summary>Brings the database up to date, or insists that it is, and opens the keys.</summary>
    internal static async Task Prepare(WebApplication app, bool migrate)
    {
        await using var scope = app.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<AuthDbContext>();
        if (migrate)
            await db.Database.MigrateAsync();
        else if ((await db.Database.GetPendingMigrationsAsync()).Any())
            throw new InvalidOperationException("The database is not up to date. Run: Auth.Server database migrate");
        await scope.ServiceProvider.GetRequiredService<KeyRotation>().Advance(CancellationToken.None);
    }

    private static async Task<int> RunServer(string[] args)
    {
        var configuration = CreateBuilder(args).Configuration;
        using var database = DatabaseLock.Take(ConnectionString(configuration));
        await using var app = Build(args);
        await Prepare(app, ReadOptions(configuration).MigrateAtStart);
        await app.RunAsync();
        return 0;
    }

    private static async Task<int> RunCommand(string[] args)
    {
        var configuration = CreateBuilder([]).Configuration;
        var auth = ReadOptions(configuration);
        // Either the server runs the command, or nobody has the database. In between, a server is starting or stopping.
        for (var patience = 60; ; patience--)
        {
            var socket = CommandSocket.PathIn(auth.DataDirectory);
            if (await CommandSocket.Send(socket, args, CancellationToken.None) is { } answer)
            {
                await Console.Out.WriteAsync(answer.Output);
                await Console.Error.WriteAsync(answer.Error);
                return answer.ExitCode;
            }

            using var database = DatabaseLock.TryTake(ConnectionString(configuration));
            if (database is not null)
                return await RunCommandAlone(args, auth.MigrateAtStart);
            if (patience == 0)
                throw new InvalidOperationException($"another Auth.Server has the database, but does not answer at {socket}.");
            await Task.Delay(TimeSpan.FromMilliseconds(250));
        }
    }

    private static async Task<int> RunCommandAlone(string[] args, bool migrate)
    {
        // Standard output is the command's own; the log goes to standard error.
        await using var app = Build(["--Logging:Console:LogToStandardErrorThreshold=Trace"]);
        await Prepare(app, migrate || args is ["database", "migrate", ..]);
        return await new Commands(app.Services, Environment.CurrentDirectory, CommandSocket.UnixUser)
            .Run(args, Console.Out, Console.Error, CancellationToken.None);
    }

    /// <summary>The settings and the pages lie beside the program, wherever and by whatever it is called.</summary>
    private static WebApplicationBuilder CreateBuilder(string[] args) => WebApplication.CreateBuilder(
        new WebApplicationOptions
        {
            Args = args,
            ApplicationName = typeof(Program).Assembly.GetName().Name,
            ContentRootPath = AppContext.BaseDirectory,
        });

    /// <exception cref="ValidationException">A setting is missing or wrong; the message says which.</exception>
    private static AuthOptions ReadOptions(ConfigurationManager configuration)
    {
        var auth = configuration.GetSection("Auth").Get<AuthOptions>() ?? new();
        Validator.ValidateObject(auth, new(auth), validateAllProperties: true);
        return auth;
    }

    private static string ConnectionString(ConfigurationManager configuration) => ConnectionStrings.WithDefaults(
        configuration.GetConnectionString("Auth") ?? throw new ValidationException("ConnectionStrings:Auth is not set."),
        Storage.Program);

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
