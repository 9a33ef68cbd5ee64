namespace Duplex.Tests;

public sealed class DuplicateFilterTests
{
    [Fact]
    public void What_another_connection_has_delivered_does_not_pass()
    {
        DuplicateFilter filter = ByText();
        Assert.True(filter.Passes(new Frame.Text("a"), 1));
        Assert.False(filter.Passes(new Frame.Text("a"), 2));
        Assert.True(filter.Passes(new Frame.Text("b"), 2));
        Assert.False(filter.Passes(new Frame.Text("b"), 1)); // the old one is late
    }

    [Fact]
    public void What_one_connection_delivers_twice_passes_twice()
    {
        DuplicateFilter filter = ByText();
        Assert.True(filter.Passes(new Frame.Text("a"), 1));
        Assert.True(filter.Passes(new Frame.Text("a"), 1));
    }

    [Fact]
    public void What_has_no_key_always_passes()
    {
        var filter = new DuplicateFilter(_ => null);
        Assert.True(filter.Passes(new Frame.Text("a"), 1));
        Assert.True(filter.Passes(new Frame.Text("a"), 2));
    }

    [Fact]
    public void It_keeps_a_bounded_number_of_keys_and_forgets_the_oldest()
    {
        const int Kept = 30_000;
        int key = 0;
        var filter = new DuplicateFilter(_ => key);
        var frame = new Frame.Text("x");
        for (key = 0; key <= Kept; key++)
            Assert.True(filter.Passes(frame, 1));
        key = 0;
        Assert.True(filter.Passes(frame, 2)); // forgotten
        key = Kept;
        Assert.False(filter.Passes(frame, 2));
    }

    [Fact]
    public async Task Of_two_connections_at_once_exactly_one_delivers_each_message()
    {
        DuplicateFilter filter = ByText();
        int[] delivered = new int[5000];
        await Task.WhenAll(((int[])[1, 2]).Select(epoch => Task.Run(() =>
        {
            for (int number = 0; number < delivered.Length; number++)
            {
                if (filter.Passes(new Frame.Text($"{number}"), epoch))
                    Interlocked.Increment(ref delivered[number]);
            }
        }))).Soon();
        Assert.All(delivered, count => Assert.Equal(1, count));
    }

    [Fact]
    public void An_exception_of_the_function_is_passed_on() => Assert.Throws<FormatException>(
        () => new DuplicateFilter(_ => throw new FormatException()).Passes(new Frame.Text("a"), 1));

    private static DuplicateFilter ByText() => new(frame => ((Frame.Text)frame).ReadText());
}
