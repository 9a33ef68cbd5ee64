namespace Duplex.Tests;

public sealed class DuplicateFilterTests
{
    [Fact]
    public void What_was_noted_is_contained_by_its_key()
    {
        var filter = new DuplicateFilter(frame => ((Frame.Text)frame).ReadText()[0]);
        filter.Note(new Frame.Text("a1"));
        Assert.True(filter.Contains(new Frame.Text("a2")));
        Assert.False(filter.Contains(new Frame.Text("b1")));
    }

    [Fact]
    public void A_message_without_a_key_is_never_contained()
    {
        var filter = new DuplicateFilter(_ => null);
        filter.Note(new Frame.Text("a"));
        Assert.False(filter.Contains(new Frame.Text("a")));
    }

    [Fact]
    public void The_oldest_keys_are_forgotten_beyond_the_bound()
    {
        var filter = new DuplicateFilter(frame => ((Frame.Text)frame).ReadText());
        for (int number = 0; number <= 30_000; number++)
        {
            filter.Note(new Frame.Text($"{number}"));
            filter.Note(new Frame.Text($"{number}")); // takes no second place
        }

        Assert.False(filter.Contains(new Frame.Text("0")));
        Assert.True(filter.Contains(new Frame.Text("1")));
        Assert.True(filter.Contains(new Frame.Text("30000")));
    }
}
