using System.Text.Json.Serialization;
using Auth.Server.Connect;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Scalar.AspNetCore;
using Shared.Contracts;

namespace Auth.Server.Management;

/// <summary>Describes the management API, for programs (OpenAPI) and for people (Scalar).</summary>
internal static class ManagementDescription
{
    private const string Scheme = "oauth2";

    private const string BackToPortal =
        "<p style=\"margin:0;padding:12px 24px\">"
        + "<a href=\"/settings/management-clients\">← Back to the SciLeads portal</a></p>";

    private static readonly Dictionary<string, string> scopes = new()
    {
        [Scopes.ReadAccounts] = "Reading accounts",
        [ManagementClients.ReadCredentials] = "Reading credential sets, without their secrets",
        [ManagementClients.WriteCredentials] = "Generating, checking, activating and revoking credential sets",
    };

    public static void AddManagementDescription(this IServiceCollection services, AuthOptions auth)
    {
        // Numbers must be JSON numbers, not strings of digits.
        services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
            json.SerializerOptions.RespectNullableAnnotations = true;
        });
        services.AddOpenApi(options =>
        {
            options.ShouldInclude = described =>
                $"/{described.RelativePath}".StartsWith(ManagementApi.Root, StringComparison.Ordinal);
            options.AddDocumentTransformer((document, _, _) => Describe(document, auth));
            options.AddOperationTransformer(DescribeCall);
        });
    }

    public static void MapManagementDescription(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapOpenApi($"{ManagementApi.Root}/openapi.json");
        endpoints.MapScalarApiReference($"{ManagementApi.Root}/docs", (scalar, http) =>
        {
            // The page loads nothing from other sites, and sends nothing to them.
            scalar.WithTitle("SciLeads management API")
                .WithOpenApiRoutePattern($"{ManagementApi.Root}/openapi.json")
                .WithNonce(SecurityHeaders.AllowNonce(http));
            scalar.DefaultFonts = false;
            scalar.Telemetry = false;
            // Buttons that lead to Scalar's own services.
            scalar.HideClientButton = true;
            scalar.HideDeveloperTools().DisableAgent().DisableMcp();
            scalar.AddHeaderContent(BackToPortal);
        });
    }

    /// <summary>Gives a call its name and summary, and its error responses in addition to 401 and 403.</summary>
    public static RouteHandlerBuilder Described(
        this RouteHandlerBuilder call, string name, string summary, params int[] errors)
    {
        foreach (var status in (int[])[401, 403, .. errors])
            call.ProducesProblem(status);
        return call.WithName(name).WithSummary(summary);
    }

    private static Task Describe(OpenApiDocument document, AuthOptions auth)
    {
        document.Info = new()
        {
            Title = "SciLeads management API",
            Version = "1",
            Description = "For automation. Clients authenticate with private_key_jwt and obtain tokens from the token "
                + "endpoint with client_credentials. A call that changes something needs an Idempotency-Key: a retry "
                + "with the same key within a day has the same outcome, and returns the secret within ten minutes. "
                + "A refused call changes nothing and is not remembered.",
        };
        document.Servers = [new() { Url = auth.PublicUrl.GetLeftPart(UriPartial.Authority) }];
        document.Components ??= new();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            [Scheme] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.OAuth2,
                Flows = new()
                {
                    ClientCredentials = new()
                    {
                        TokenUrl = new(auth.PublicUrl, AuthServerPaths.Token), Scopes = scopes,
                    },
                },
            },
        };
        return Task.CompletedTask;
    }

    private static Task DescribeCall(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellation)
    {
        var policy = context.Description.ActionDescriptor.EndpointMetadata
            .OfType<IAuthorizeData>().Select(data => data.Policy).OfType<string>().ToList();
        operation.Security = [new() { [new OpenApiSecuritySchemeReference(Scheme, context.Document)] = policy }];
        var statuses = operation.Responses?.Keys.ToList() ?? [];
        operation.Parameters ??= [];
        if (statuses.Contains("422"))
        {
            operation.Parameters.Add(HeaderOf(
                IdempotencyKey.Header, required: true,
                "A key of the caller's choice, for this request and its retries."));
        }
        if (statuses.Contains("412"))
        {
            operation.Parameters.Add(HeaderOf(
                "If-Match",
                required: false,
                "The ETag of the set as the caller saw it. If the state has changed since: 412."));
        }
        if (statuses.Contains("304"))
        {
            operation.Parameters.Add(HeaderOf(
                "If-None-Match",
                required: false,
                "The ETag of the set as the caller saw it. If the set is unchanged: 304."));
        }
        return Task.CompletedTask;
    }

    private static OpenApiParameter HeaderOf(string name, bool required, string description) => new()
    {
        Name = name,
        In = ParameterLocation.Header,
        Required = required,
        Description = description,
        Schema = new OpenApiSchema { Type = JsonSchemaType.String },
    };
}
