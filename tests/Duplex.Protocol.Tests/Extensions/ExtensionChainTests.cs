namespace Duplex.Tests;

public class ExtensionChainTests
{
    [Fact]
    public void It_says_whose_the_reserved_bits_are()
    {
        var chain = new ExtensionChain(
            new ToyExtension().Identified("a", ReservedBits.Rsv1), new ToyExtension().Identified("b", ReservedBits.Rsv3, marksContinuations: true), new ToyExtension().Identified("c", ReservedBits.None));

        Assert.Equal(ReservedBits.Rsv1 | ReservedBits.Rsv3, chain.OwnedBits);
        Assert.Equal(ReservedBits.Rsv3, chain.ContinuationBits);
        Assert.Equal(["a", "b", "c"], chain.Extensions.Select(extension => extension.Name));
    }

    [Fact]
    [KtorParity("extensions/nothing-is-released")]
    public void Extensions_are_disposed_once_when_their_owner_is_done_and_nobody_uses_them()
    {
        var extension = new ToyExtension();
        var chain = new ExtensionChain(extension);
        Assert.True(chain.TryUse());
        Assert.True(chain.TryUse());

        chain.Release();
        chain.Release();
        chain.Unuse();
        Assert.Equal(0, extension.Disposals);
        Assert.True(chain.TryUse());
        chain.Unuse();
        chain.Unuse();

        Assert.Equal(1, extension.Disposals);
        Assert.False(chain.TryUse());
        chain.Release();
        Assert.Equal(1, extension.Disposals);
    }

    [Fact]
    public async Task However_users_and_the_owner_race_it_is_disposed_once_and_never_under_a_user()
    {
        for (int round = 0; round < 300; round++)
        {
            var extension = new ToyExtension();
            var chain = new ExtensionChain(extension);
            Task[] users = [.. Enumerable.Range(0, 3).Select(_ => Task.Run(() =>
            {
                while (chain.TryUse())
                {
                    Assert.Equal(0, extension.Disposals);
                    chain.Unuse();
                }
            }))];

            chain.Release();
            await Task.WhenAll(users);

            Assert.Equal(1, extension.Disposals);
        }
    }

    [Fact]
    public void One_that_throws_when_it_is_disposed_keeps_the_others_from_nothing()
    {
        var last = new ToyExtension();
        new ExtensionChain(new Clinging(), last).Release();
        Assert.Equal(1, last.Disposals);
    }

    [Fact]
    public void A_fault_names_the_extension_and_keeps_the_cause()
    {
        var cause = new FormatException("secret");
        WebSocketException fault = new ExtensionChain(new ToyExtension().Identified("fragile")).Fault(0, cause);
        Assert.Equal("The extension fragile failed (FormatException): see the inner exception.", fault.Message);
        Assert.Same(cause, fault.InnerException);
    }

    private sealed class Clinging : WebSocketExtension
    {
        protected override void Dispose(bool disposing)
        {
            base.Dispose(disposing);
            throw new InvalidOperationException("I stay.");
        }
    }
}
