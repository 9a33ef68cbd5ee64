namespace Duplex.Tests;

public sealed class SubprotocolNamesTests
{
    [Fact]
    public void Names_keep_their_order_and_their_case()
    {
        var names = new SubprotocolNames { "v2.orders", "v1.orders", "V1.orders" };

        Assert.Equal(["v2.orders", "v1.orders", "V1.orders"], names);
    }

    [Theory]
    [InlineData("")]
    [InlineData("two words")]
    [InlineData("a,b")]
    [InlineData("a\r\nX: y")]
    [InlineData("größe")]
    public void A_name_that_is_not_a_token_is_refused_where_it_is_added_and_not_repeated(string name)
    {
        var names = new SubprotocolNames { "good" };

        var error = Assert.Throws<ArgumentException>(() => names.Add(name));
        Assert.Throws<ArgumentException>(() => names.Insert(0, name));
        Assert.Throws<ArgumentException>(() => names[0] = name);

        Assert.Equal(["good"], names);
        Assert.Contains("token", error.Message, StringComparison.Ordinal);
        if (name.Length > 0)
            Assert.DoesNotContain(name, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_twice_is_refused_but_may_replace_itself()
    {
        var names = new SubprotocolNames { "a", "b" };

        Assert.Throws<ArgumentException>(() => names.Add("a"));
        Assert.Throws<ArgumentException>(() => names[1] = "a");
        names[0] = "a";

        Assert.Equal(["a", "b"], names);
    }

    [Fact]
    public void Null_is_refused() => Assert.Throws<ArgumentNullException>(() => new SubprotocolNames().Add(null!));
}
