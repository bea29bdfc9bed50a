using System.Collections;
using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Reflection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;

namespace Shared.Hosting;

/// <summary>
/// Reads options classes and reports all invalid settings together. The framework's binder and validation stop at the
/// first fault, so that an operator would have to start the server once for each.
/// </summary>
public static class Settings
{
    /// <summary>
    /// The values of a section that can be converted to the types of the options class. The others are reported.
    /// </summary>
    /// <param name="section">The section of the configuration.</param>
    /// <param name="type">The options class.</param>
    /// <param name="separator">Separates the parts of a setting's name in messages, such as <c>__</c>.</param>
    /// <param name="faults">Receives a sentence for each value that cannot be converted.</param>
    public static IConfiguration Readable(
        IConfigurationSection section, Type type, string separator, List<string> faults)
    {
        var unreadable = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        Collect(section, type);
        return new ConfigurationBuilder()
            .AddInMemoryCollection(section.AsEnumerable(makePathsRelative: true)
                .Where(pair => pair.Key.Length > 0 && !unreadable.Contains($"{section.Path}:{pair.Key}")))
            .Build();

        void Collect(IConfigurationSection from, Type target)
        {
            var properties = target.GetProperties(BindingFlags.Public | BindingFlags.Instance);
            foreach (var property in properties.Where(property => property.CanWrite))
            {
                var child = from.GetSection(property.Name);
                if (FaultOf(child, property.PropertyType) is { } fault)
                {
                    unreadable.Add(child.Path);
                    faults.Add($"{child.Path.Replace(":", separator, StringComparison.Ordinal)} {fault}");
                }
                else if (child.GetChildren().Any() && property.PropertyType.Assembly == type.Assembly)
                {
                    Collect(child, property.PropertyType);
                }
            }
        }
    }

    /// <summary>
    /// Everything that is wrong with an options object, by its attributes and its own rules, in sentences.
    /// </summary>
    public static IEnumerable<string> FaultsOf(object options)
    {
        var context = new ValidationContext(options);
        var found = new List<ValidationResult>();
        // The validator skips the object's own rules if an attribute failed.
        if (!Validator.TryValidateObject(options, context, found, validateAllProperties: true)
            && options is IValidatableObject rules)
            found.AddRange(rules.Validate(context));
        return found.Select(result => result.ErrorMessage!).Distinct();
    }

    /// <summary>What is wrong with the addresses where the server listens.</summary>
    public static IEnumerable<string> FaultsOfUrls(IConfiguration configuration)
    {
        foreach (var url in (configuration["Urls"] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            var isValid = true;
            try
            {
                isValid = BindingAddress.Parse(url).Scheme is "http" or "https";
            }
            catch (FormatException)
            {
                isValid = false;
            }
            if (!isValid)
                yield return $"Urls contains {url}, which is not a valid address such as http://127.0.0.1:5001.";
        }
    }

    private static string? FaultOf(IConfigurationSection setting, Type type)
    {
        if (setting.Value is not { } value || type == typeof(string))
            return null;
        var target = Nullable.GetUnderlyingType(type);
        if (target is not null && value.Length == 0)
            return null;
        target ??= type;
        if (typeof(IEnumerable).IsAssignableFrom(target))
            return value.Length > 0 ? "is a list: number its values, starting with 0." : null;
        var converter = TypeDescriptor.GetConverter(target);
        if (!converter.CanConvertFrom(typeof(string)))
            return null;
        try
        {
            converter.ConvertFromInvariantString(value);
            return null;
        }
        // Converters throw exceptions of any type.
        catch (Exception)
        {
            return $"is \"{value}\", which is not a valid {NameOf(target)}.";
        }
    }

    private static string NameOf(Type type) =>
        type == typeof(TimeSpan) ? "duration, such as 00:05:00 or 90.00:00:00"
        : type == typeof(bool) ? "value: true or false"
        : type == typeof(int) || type == typeof(long) ? "whole number"
        : type == typeof(Uri) ? "address"
        : type.IsEnum ? $"value: {string.Join(", ", Enum.GetNames(type))}"
        : type.Name;
}
