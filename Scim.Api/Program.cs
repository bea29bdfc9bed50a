using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Options;
using Scim.Api.Admission;
using Scim.Api.AuthServer;
using Scim.Api.Data;
using Scim.Api.Discovery;
using Scim.Api.Protocol.Messages;
using Scim.Api.Provisioning;
using Scim.Api.Users;
using Scim.Api.Users.Search;
using Scim.Api.Users.Walks;
using Shared.Contracts;
using Shared.Hosting;
using Shared.Hosting.Data;

namespace Scim.Api;

/// <summary>Runs the command on the command line or, without one, the server.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        try
        {
            if (Commands.IsCommand(args))
                return await Commands.Run(args, () => Build([]));
            await using var app = Build(args);
            RequireSettings(app);
            await app.RunAsync();
            return 0;
        }
        catch (Exception failure)
        {
            return await StartupFailure.Report(Storage.Program, failure);
        }
    }

    /// <summary>Requires that all settings are valid.</summary>
    /// <exception cref="OperatorException">Settings are missing or invalid; it has a sentence for each.</exception>
    internal static void RequireSettings(WebApplication app)
    {
        var faults = new List<string>(Settings.FaultsOfUrls(app.Configuration));
        try
        {
            app.Services.GetRequiredService<IStartupValidator>().Validate();
            if (app.Environment.IsDevelopment()
                && app.Services.GetRequiredService<IOptions<ScimOptions>>().Value.IsPublic)
                faults.Add(
                    "Scim__BaseUrl is public, but ASPNETCORE_ENVIRONMENT is Development, which is for local use only.");
        }
        catch (Exception invalid) when (StartupFailure.Sentences(invalid) is { } sentences)
        {
            faults.AddRange(sentences);
        }
        if (faults.Count > 0)
            throw new OperatorException(faults);
    }

    /// <summary>Composes the server: settings, storage, security, pipeline, endpoints.</summary>
    internal static WebApplication Build(string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = WebApplication.CreateBuilder(
            new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.OmitRequests();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            RequestHead.WidenLimits(kestrel.Limits);
        });

        builder.AddSettings<ScimOptions>(ScimOptions.Section);
        builder.AddSettings<AuthServerOptions>(AuthServerOptions.Section);
        builder.AddSettings<IntrospectionOptions>(IntrospectionOptions.Section);
        builder.AddSettings<DatabaseOptions>(DatabaseOptions.Section);

        builder.Services.AddStorage(
            builder.Configuration.GetSection(DatabaseOptions.Section).Get<DatabaseOptions>() ?? new());
        builder.Services.AddDatabaseReadiness<ScimDbContext>(Storage.Program);
        builder.Services.AddTokenValidation();
        builder.Services.AddSingleton(services => new ResourceMetadata
        {
            Resource = services.GetRequiredService<IOptions<ScimOptions>>().Value.BaseUrl,
            AuthorizationServers =
                [services.GetRequiredService<IOptions<AuthServerOptions>>().Value.IssuerSpellings[^1]],
            Scopes = [Scopes.Scim],
        });
        builder.Services.AddSingleton<RateLimit>();
        builder.Services.AddSingleton<LargeMessages>();
        builder.Services.AddScoped<UserWrites>();
        builder.Services.AddScoped<UserSearch>();
        builder.Services.AddSingleton<Anchors>();
        builder.Services.AddSingleton<SearchBudget>();
        builder.Services.AddSingleton<Refolding>();
        builder.Services.AddHostedService(services => services.GetRequiredService<Refolding>());
        builder.Services.AddScoped<UserPages>();
        builder.Services.AddScoped<Bookmarks>();
        builder.Services.AddHostedService<BookmarkPruning>();
        builder.Services.AddCursors();
        builder.Services.AddProvisioningLog();
        builder.Services.AddHostedService<Erasure>();

        builder.Services.AddExceptionHandler<ErrorResponses>();
        builder.Services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        builder.Services.AddOptions<ForwardedHeadersOptions>().Configure<IOptions<ScimOptions>>(
            (forwarded, scim) => forwarded.Trust(scim.Value.KnownProxies, ForwardedHeaders.XForwardedFor));
        configure?.Invoke(builder);

        var app = builder.Build();
        app.UseForwardedHeaders();
        app.UseHeadRequests();
        app.UseMiddleware<SecurityHeaders>();
        app.UseExceptionHandler(_ => { });
        app.UseStatusCodePages(ErrorResponses.Describe);
        app.UseHeadLimits();
        app.UseRouting();
        app.RefuseTokensInAddress();
        app.UseAuthentication();
        app.UseRateLimit();
        app.RefuseTokensInForms();
        app.UseAuthorization();

        app.MapGroup(ScimOptions.Path).RequireAuthorization(TokenValidation.ScimOrAnonymous).RecordRefusals()
            .MapDiscovery();
        var scim = app.MapGroup(ScimOptions.Path).RequireAuthorization(Scopes.Scim).RecordRefusals();
        scim.MapUsers();
        scim.MapBulk();
        scim.MapUnsupported();
        var portal = app.MapGroup("/portal").RequireAuthorization(Scopes.Portal).RecordRefusals();
        portal.MapPortalUsers();
        portal.MapPortalOverview();
        portal.MapProvisioningLog();
        app.MapGroup("/portal").RequireAuthorization(Scopes.ReadPeople).RecordRefusals().MapPortalLookup();
        app.MapGroup("/portal").RequireAuthorization(Scopes.CountSeats).RecordRefusals().MapSeatsInUse();
        app.MapResourceMetadata();
        app.MapHealth();
        return app;
    }
}
