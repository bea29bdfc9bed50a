using System.Net;
using Auth.Server.Messages;

namespace Auth.Server.Tests.Messages;

/// <summary>Which addresses a customer's webhook may have.</summary>
[Parallelizable]
[Category("AnyDatabase")]
public sealed class PublicAddressTests
{
    [TestCase("8.8.8.8", true)]
    [TestCase("172.15.255.255", true)]
    [TestCase("172.32.0.0", true)]
    [TestCase("2606:4700::1111", true)]
    [TestCase("::ffff:8.8.8.8", true)]
    [TestCase("0.0.0.0", false)]
    [TestCase("10.1.2.3", false)]
    [TestCase("100.64.0.1", false)]
    [TestCase("127.0.0.1", false)]
    [TestCase("169.254.169.254", false, Description = "the metadata service of cloud machines")]
    [TestCase("172.16.0.1", false)]
    [TestCase("172.31.255.255", false)]
    [TestCase("192.168.1.1", false)]
    [TestCase("198.19.0.1", false)]
    [TestCase("224.0.0.1", false)]
    [TestCase("255.255.255.255", false)]
    [TestCase("::", false)]
    [TestCase("::1", false)]
    [TestCase("::ffff:127.0.0.1", false)]
    [TestCase("::ffff:169.254.169.254", false)]
    [TestCase("::127.0.0.1", false)]
    [TestCase("64:ff9b::7f00:1", false, Description = "NAT64 of 127.0.0.1")]
    [TestCase("2001::1", false, Description = "Teredo")]
    [TestCase("2001:db8::1", false)]
    [TestCase("2002:7f00:1::", false, Description = "6to4 of 127.0.0.1")]
    [TestCase("fc00::1", false)]
    [TestCase("fd12::1", false)]
    [TestCase("fe80::1", false)]
    [TestCase("fe80::1%1", false)]
    [TestCase("ff02::1", false)]
    public void Only_addresses_of_the_public_internet_are_allowed(string address, bool allowed) =>
        Assert.That(PublicAddress.Contains(IPAddress.Parse(address)), Is.EqualTo(allowed));
}
