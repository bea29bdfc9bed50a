using Shared.Hosting.Data;

namespace Auth.Server.Tests.Hosting;

public sealed class UtcConverterTests
{
    [Test]
    public void Times_are_stored_and_read_as_UTC()
    {
        var converter = new UtcConverter();
        var local = new DateTime(2026, 11, 27, 12, 0, 0, DateTimeKind.Local);

        var stored = (DateTime)converter.ConvertToProvider(local)!;
        var read = (DateTime)converter.ConvertFromProvider(DateTime.SpecifyKind(stored, DateTimeKind.Unspecified))!;

        Assert.That(stored.Kind, Is.EqualTo(DateTimeKind.Utc));
        Assert.That((read, read.Kind), Is.EqualTo((local.ToUniversalTime(), DateTimeKind.Utc)));
    }
}
