using System.Reflection;
using System.Runtime.CompilerServices;

namespace SciLeads.Tests;

/// <summary>
/// Finds records whose text would have no end: the compiler prints every property, and one that is computed can lead
/// back to the record itself.
/// </summary>
internal static class RecordCycles
{
    /// <summary>The computed properties of an assembly's records that lead back to their record.</summary>
    public static IEnumerable<string> In(Assembly assembly)
    {
        var records = assembly.GetTypes().Where(PrintsItself).ToList();
        return
            from record in records
            from property in Printed(record)
            where property.DeclaringType!.GetField(
                $"<{property.Name}>k__BackingField", BindingFlags.Instance | BindingFlags.NonPublic) is null
            where RecordsOf(property, records).Any(next => Reachable(next, records).Contains(record))
            select $"{record.FullName}.{property.Name}";
    }

    // Its text is the compiler's, not its own.
    private static bool PrintsItself(Type type) =>
        type.GetMethod("PrintMembers", BindingFlags.Instance | BindingFlags.NonPublic) is not null
        && type.GetMethod(nameof(ToString), Type.EmptyTypes)!.IsDefined(typeof(CompilerGeneratedAttribute));

    private static HashSet<Type> Reachable(Type from, List<Type> records)
    {
        var reached = new HashSet<Type>();
        var next = new Stack<Type>([from]);
        while (next.TryPop(out var record))
        {
            if (reached.Add(record))
                Printed(record).SelectMany(property => RecordsOf(property, records)).ToList().ForEach(next.Push);
        }
        return reached;
    }

    private static IEnumerable<PropertyInfo> Printed(Type record) =>
        record.GetProperties(BindingFlags.Instance | BindingFlags.Public).Where(
            property => property.CanRead && property.GetIndexParameters().Length == 0);

    private static IEnumerable<Type> RecordsOf(PropertyInfo property, List<Type> records)
    {
        var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        return records.Where(record => type != typeof(object) && type.IsAssignableFrom(record));
    }
}
