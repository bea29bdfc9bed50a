using Microsoft.Extensions.Options;

namespace Scim.Api;

/// <summary>Refuses to start with invalid settings, with a sentence for each of them.</summary>
internal sealed class SettingsValidation<TOptions>(IReadOnlyList<string> unreadable) : IValidateOptions<TOptions>
    where TOptions : class
{
    public ValidateOptionsResult Validate(string? name, TOptions options)
    {
        string[] faults = [.. unreadable, .. Shared.Hosting.Settings.FaultsOf(options)];
        return faults.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}

/// <summary>Binds an options class to its section of the configuration.</summary>
internal static class SettingsRegistration
{
    public static void AddSettings<TOptions>(this WebApplicationBuilder builder, string section)
        where TOptions : class
    {
        var unreadable = new List<string>();
        var readable = Shared.Hosting.Settings.Readable(
            builder.Configuration.GetSection(section), typeof(TOptions), "__", unreadable);
        builder.Services.AddOptions<TOptions>().Bind(readable).ValidateOnStart();
        builder.Services.AddSingleton<IValidateOptions<TOptions>>(new SettingsValidation<TOptions>(unreadable));
    }
}
