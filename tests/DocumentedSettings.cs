using System.Collections;
using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.Configuration;
using RangeAttribute = System.ComponentModel.DataAnnotations.RangeAttribute;

namespace SciLeads.Tests;

/// <summary>
/// Compares a table of <c>docs/settings.md</c> with the options classes of a server: names, defaults and limits.
/// </summary>
internal static class DocumentedSettings
{
    private const string None = "none";
    private const string Required = "required";

    /// <summary>The differences between the table of a server and the server, in sentences.</summary>
    /// <param name="server">The server's name: the table's heading, and the folder of its settings file.</param>
    /// <param name="sections">The options classes, by their sections of the configuration.</param>
    /// <param name="others">Settings that are read without an options class.</param>
    public static IEnumerable<string> Differences(
        string server, IEnumerable<(string Section, Type Options)> sections, params string[] others)
    {
        var rows = Document.Rows(Document.Read("docs/settings.md").Section(server))
            .ToDictionary(row => row[0].Trim('`'));
        var file = new ConfigurationBuilder()
            .AddJsonFile(Path.Combine(Document.Repository, server, "appsettings.json")).Build();
        var settings = sections
            .SelectMany(section => SettingsOf(section.Section, Activator.CreateInstance(section.Options)!))
            .Concat(others.Select(name => new Setting(name, typeof(string), null, null, IsRequired: true)))
            .ToList();
        foreach (var setting in settings)
        {
            if (!rows.Remove(setting.Name, out var row))
            {
                yield return $"{setting.Name} is missing.";
                continue;
            }
            var known = setting with
            {
                Default = file[setting.Name.Replace("__", ":", StringComparison.Ordinal)] ?? setting.Default,
            };
            if (!known.HasDefault(row[1]))
                yield return $"{setting.Name} has the default {known.ShownDefault}, not {row[1]}.";
            if (!known.HasLimits(row[2]))
            {
                yield return
                    $"{setting.Name} has the limits {setting.Range!.Minimum} to {setting.Range.Maximum}, not {row[2]}.";
            }
        }
        foreach (var name in rows.Keys)
            yield return $"{name} is not a setting.";
    }

    private static IEnumerable<Setting> SettingsOf(string prefix, object options)
    {
        foreach (var property in options.GetType().GetProperties().Where(property => property.CanWrite))
        {
            var (name, type, value) = ($"{prefix}__{property.Name}", property.PropertyType, property.GetValue(options));
            if (type.IsClass && type.Assembly == options.GetType().Assembly)
            {
                foreach (var inner in SettingsOf(name, value!))
                    yield return inner;
            }
            else if (type != typeof(string) && typeof(IEnumerable).IsAssignableFrom(type))
            {
                var first = ((IEnumerable)value!).Cast<object>().FirstOrDefault();
                yield return new($"{name}__0", typeof(string), first, null, IsRequired: false);
            }
            else
            {
                yield return new(
                    name, type, value, property.GetCustomAttribute<RangeAttribute>(),
                    property.IsDefined(typeof(RequiredAttribute)));
            }
        }
    }

    private sealed record Setting(string Name, Type Type, object? Default, RangeAttribute? Range, bool IsRequired)
    {
        public string ShownDefault => Default is null or "" ? IsRequired ? Required : None : $"{Default}";

        public bool HasDefault(string cell) => Default is null or ""
            ? cell == ShownDefault
            // The text after the value explains it.
            : cell.Split('`') is [_, var value, ..] && Is(value, Default);

        public bool HasLimits(string cell) => Range is null
            || (cell.Replace("`", "", StringComparison.Ordinal).Split(';')[0].Split(" to ") is [var least, var most]
                && Is(least, Range.Minimum) && Is(most, Range.Maximum));

        private bool Is(string text, object value) =>
            Equals(Read(text), Read(Convert.ToString(value, CultureInfo.InvariantCulture)!));

        private object? Read(string text) => TypeDescriptor.GetConverter(Type).ConvertFromInvariantString(text);
    }
}
