using Auth.Server.Accounts;
using Auth.Server.Administrators;
using Auth.Server.Audit;
using Auth.Server.Connect;
using Auth.Server.Credentials;
using Auth.Server.Data;
using Auth.Server.Events;
using Auth.Server.Issuance;
using Auth.Server.KeyLifecycle;
using Auth.Server.Keys;
using Auth.Server.Management;
using Auth.Server.Messages;
using Auth.Server.Notices;
using Auth.Server.Operations;
using Auth.Server.Pages;
using Auth.Server.Pages.Settings;
using Auth.Server.Provisioning;
using Auth.Server.Retention;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.HttpOverrides;
using Shared.Hosting;
using Shared.Hosting.Data;

namespace Auth.Server;

/// <summary>
/// The authorization server, its portal and its commands. <c>Auth.Server</c> runs the server. With a command, such as
/// <c>Auth.Server accounts list</c>, it runs that command, inside the running server if there is one.
/// </summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        try
        {
            if (!Commands.IsCommand(args))
                return await Serve(args);
            var command = Commands.Parse(args);
            if (!command.NeedsServer)
                return await command.Print();
            var (auth, _, database) = ServerSettings.Read(CreateBuilder([]));
            // Standard output is for the command's result, so the log goes to standard error.
            var line = new CommandLine(
                auth, database, () => Build(["--Logging:Console:LogToStandardErrorThreshold=Trace"], serves: false));
            return await line.Run(command);
        }
        catch (Exception failure)
        {
            return await StartupFailure.Report(ServerSettings.Program, failure);
        }
    }

    /// <summary>Composes the process: services, then the request pipeline, then the endpoints.</summary>
    /// <param name="args">Settings, as <c>--Name=value</c>.</param>
    /// <param name="configure">What a test replaces, such as the clock.</param>
    /// <param name="serves">Whether the application will be started; a command only uses its services.</param>
    internal static WebApplication Build(
        string[] args, Action<WebApplicationBuilder>? configure = null, bool serves = true)
    {
        var builder = CreateBuilder(args);
        var (auth, smtp, database) = ServerSettings.Read(builder);
        CommandSocket.MakeFolder(auth.DataDirectory);
        builder.WebHost.UseStaticWebAssets();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            // Forms are buffered in memory, even those of unauthenticated callers. A client that exceeds an endpoint's
            // own limit still reads the error response; beyond this limit, the connection is closed while it sends.
            kestrel.Limits.MaxRequestBodySize = 8 * 1024 * 1024;
        });
        builder.WebHost.UseSetting(
            WebHostDefaults.ServerUrlsKey,
            builder.Configuration[WebHostDefaults.ServerUrlsKey]
                + $";http://unix:{CommandSocket.PathIn(auth.DataDirectory)}");

        var services = builder.Services;
        // OpenIddict logs tokens, codes and verifiers.
        builder.Logging.OmitRequests("OpenIddict.Server", "OpenIddict.Validation");
        services.AddSingleton(auth);
        services.AddSingleton(smtp);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<CommandSocketLock>();

        services.AddStorage(database);
        services.AddHostedService<Pruning>();
        services.AddHsts(hsts => hsts.MaxAge = TimeSpan.FromDays(365));
        services.AddDataProtection()
            .SetApplicationName("SciLeads Auth")
            .PersistKeysToDbContext<AuthDbContext>()
            .ProtectKeysWithCertificate(
                KeyCertificate.OpenOrCreate(auth.KeyCertificate, () => Storage.HasKeys(database)));
        services.AddKeyRingGuard();
        services.AddDatabaseReadiness<AuthDbContext>(ServerSettings.Program);

        services.AddScoped<AuditTrail>();
        services.AddScoped<Operation>();
        services.AddScoped<PendingActions>();
        services.AddHostedService<PendingActionWatch>();
        services.AddScoped<AccountRegister>();
        services.AddMessages(smtp);
        services.AddEvents(database);
        services.AddCredentialSets();
        services.AddCredentialIssuance();
        services.AddKeyRotation();
        services.AddScoped<ResourceServers>();
        services.AddAdministrators(auth);
        services.AddAuthorizationServer(auth);
        services.AddPortalCookie(auth, isUse: request => !Portal.IsPolling(request));
        services.AddPortal(auth);
        services.AddHttpClient<ScimApi>(http => http.BaseAddress = auth.ScimApiUrl)
            .AddStandardResilienceHandler(DiagnosisRegistration.ForPages);
        services.AddDiagnosis(auth);
        services.AddHttpClient<SeatCounts>(http => http.BaseAddress = auth.ScimApiUrl)
            .AddStandardResilienceHandler(DiagnosisRegistration.ForPages);
        services.AddScoped<AccountDirectory>();
        services.AddNotices();
        services.AddHttpClient<ConnectionTests>(http => http.BaseAddress = auth.ScimApiUrl);
        services.AddManagement(auth);
        services.AddProblemDetails();
        services.AddExceptionHandler<ProblemHandler>();
        services.Configure<ForwardedHeadersOptions>(forwarded =>
        {
            forwarded.Trust(auth.KnownProxies, ForwardedHeaders.All);
            forwarded.AllowedHosts = [auth.PublicUrl.Host];
        });

        configure?.Invoke(builder);
        var app = builder.Build();
        if (serves)
            app.Services.GetRequiredService<CommandSocketLock>();
        app.UseForwardedHeaders();
        app.UseHeadRequests();
        app.UseMiddleware<PlainHttp>();
        // TLS may end at a proxy, and a request can name any host. Cookies, redirects and metadata must always be those
        // of the one public address.
        app.Use((http, next) =>
        {
            http.Request.Scheme = auth.PublicUrl.Scheme;
            http.Request.Host = new HostString(auth.PublicUrl.Authority);
            return next(http);
        });
        if (auth.IsHttps)
            app.UseHsts();
        app.UseMiddleware<SecurityHeaders>($"/{AuthorizationServer.AuthorizePath}");
        app.UseExceptionHandler("/error");
        app.UseErrorPages();
        app.UseManagementProblems();
        app.UseMiddleware<HeaderTokensOnly>();
        // Static files may be cached: permanently if their URL has a version, otherwise with revalidation.
        app.UseStaticFiles(new StaticFileOptions
        {
            OnPrepareResponse = file => file.Context.Response.Headers.CacheControl =
                file.Context.Request.Query.ContainsKey("v") ? "public, max-age=31536000, immutable" : "no-cache",
        });
        app.UseRouting();
        app.UseMiddleware<AnonymousRequestLimiter>();
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseAntiforgery();

        app.MapHealth();
        app.MapTokenEndpoint();
        app.MapEvents();
        app.MapManagement();
        app.MapCommands();
        app.MapRazorPages().WithMetadata(
            new HttpMethodMetadata([HttpMethods.Get, HttpMethods.Head, HttpMethods.Post]));
        return app;
    }

    private static async Task<int> Serve(string[] args)
    {
        var (auth, _, connectionString) = ServerSettings.Read(CreateBuilder(args));
        using var database = DatabaseLock.Take(connectionString);
        await using var app = Build(args);
        await Preparation.Run(app, auth.MigrateAtStart);
        await app.RunAsync();
        return 0;
    }

    /// <summary>The settings and the pages are found beside the program, whatever the working directory.</summary>
    private static WebApplicationBuilder CreateBuilder(string[] args) => WebApplication.CreateBuilder(
        new WebApplicationOptions
        {
            Args = args,
            ApplicationName = typeof(Program).Assembly.GetName().Name,
            ContentRootPath = AppContext.BaseDirectory,
        });
}
