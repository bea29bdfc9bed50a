using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Scim.Api;

/// <summary>Stops the start on a bad setting, with the sentences that stand in the options class.</summary>
internal sealed class Settings<TOptions> : IValidateOptions<TOptions>
    where TOptions : class
{
    public ValidateOptionsResult Validate(string? name, TOptions options)
    {
        var faults = new List<ValidationResult>();
        return Validator.TryValidateObject(options, new ValidationContext(options), faults, validateAllProperties: true)
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(faults.Select(fault => fault.ErrorMessage!));
    }
}

/// <summary>Binds an options class to its section of the configuration.</summary>
internal static class SettingsRegistration
{
    public static void AddSettings<TOptions>(this WebApplicationBuilder builder, string section)
        where TOptions : class
    {
        builder.Services.AddOptions<TOptions>().Bind(builder.Configuration.GetSection(section)).ValidateOnStart();
        builder.Services.AddSingleton<IValidateOptions<TOptions>, Settings<TOptions>>();
    }
}
