namespace Duplex.Tests;

public class NameDisclosureTests
{
    [Theory]
    [InlineData("mqtt")]
    [InlineData("ocpp1.6")]
    [InlineData("graphql-transport-ws")]
    [InlineData("TLCP-2.0.0.lightstreamer.com")]
    [InlineData("v3.penguin-stats.live+proto")]
    public void A_name_is_shown(string name)
    {
        Assert.Equal($"'{name}'", NameDisclosure.Of(name));
        Assert.Equal($"'a', '{name}'", NameDisclosure.OfAll(["a", name]));
    }

    [Theory]
    [InlineData("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVPmB92K27uhbUJU1p1r_wW1gFWFOEjXk")] // a JSON Web Token
    [InlineData("base64url.bearer.authorization.k8s.io.QUJD")] // as Kubernetes has it
    [InlineData("0123456789abcdef")] // a key of 64 bits
    [InlineData("access_token")]
    [InlineData("My-API-Key-1")]
    [InlineData("a b")] // no name at all
    [InlineData("a\r\nb")]
    public void What_may_be_a_credential_or_is_no_name_is_not_and_nor_is_a_list_that_has_it(string name)
    {
        Assert.Equal($"({name.Length} characters, not shown)", NameDisclosure.Of(name));
        Assert.Equal("2, not shown, because one may hold a secret", NameDisclosure.OfAll(["chat", name]));
    }

    [Fact]
    public void Of_a_long_list_the_first_are_shown_and_an_empty_one_is_none()
    {
        Assert.Equal("none", NameDisclosure.OfAll([]));
        Assert.Equal("'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h' and 2 more", NameDisclosure.OfAll([.. "abcdefghij".Select(c => c.ToString())]));
    }
}
