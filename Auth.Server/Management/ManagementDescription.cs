using System.Text.Json.Serialization;
using Auth.Server.Connect;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Scalar.AspNetCore;
using Shared.Contracts;

namespace Auth.Server.Management;

/// <summary>What the management API is, for programs (OpenAPI) and for people who browse it (Scalar).</summary>
internal static class ManagementDescription
{
    private const string Scheme = "oauth2";

    private static readonly Dictionary<string, string> scopes = new()
    {
        [Scopes.ReadAccounts] = "Reading accounts",
        [ManagementClients.ReadCredentials] = "Reading credential sets, without their secrets",
        [ManagementClients.WriteCredentials] = "Making, checking, activating and revoking credential sets",
    };

    public static void AddManagementDescription(this IServiceCollection services, AuthOptions auth)
    {
        // Numbers are numbers, not texts of digits too.
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
            // Nothing of it comes from elsewhere, and nothing goes there.
            scalar.WithTitle("SciLeads management API")
                .WithOpenApiRoutePattern($"{ManagementApi.Root}/openapi.json")
                .WithNonce(SecurityHeaders.AllowNonce(http));
            scalar.DefaultFonts = false;
            scalar.Telemetry = false;
        });
    }

    /// <summary>What a call is named and does, and how it may be refused beside 401 and 403.</summary>
    public static RouteHandlerBuilder Described(
        this RouteHandlerBuilder call, string name, string summary, params int[] refusals)
    {
        foreach (var status in (int[])[401, 403, .. refusals])
            call.ProducesProblem(status);
        return call.WithName(name).WithSummary(summary);
    }

    private static Task Describe(OpenApiDocument document, AuthOptions auth)
    {
        document.Info = new()
        {
            Title = "SciLeads management API",
            Version = "1",
            Description = "For the security team's automation. Callers are clients with private_key_jwt; their "
                + "tokens come from the token endpoint, by client_credentials. A call that changes something needs "
                + "an Idempotency-Key: sent again under the same key within a day it has the same outcome, and the "
                + "secret within ten minutes. A refusal changes nothing and is not remembered.",
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
            .OfType<Microsoft.AspNetCore.Authorization.IAuthorizeData>().Select(
                data => data.Policy).OfType<string>().ToList();
        operation.Security = [new() { [new OpenApiSecuritySchemeReference(Scheme, context.Document)] = policy }];
        var answers = operation.Responses?.Keys.ToList() ?? [];
        operation.Parameters ??= [];
        if (answers.Contains("422"))
        {
            operation.Parameters.Add(HeaderOf(
                IdempotencyKey.Header, required: true,
                "A key of the caller's choice, for this request and its retries."));
        }
        if (answers.Contains("412"))
            operation.Parameters.Add(
                HeaderOf("If-Match", false, "The ETag of the set as the caller saw it; else 412."));
        if (answers.Contains("304"))
            operation.Parameters.Add(
                HeaderOf("If-None-Match", false, "The ETag of the set as the caller saw it; then 304."));
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
