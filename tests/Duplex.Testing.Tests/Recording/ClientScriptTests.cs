namespace Duplex.Tests;

public sealed class ClientScriptTests
{
    private readonly ClientScript _script = new(RecordedMessage.Join([Sample.Text(RecordedDirection.Sent, 0, "one"), Sample.Text(RecordedDirection.Sent, 1, "two")]));

    [Fact]
    public void Messages_that_match_are_no_mismatch_however_they_are_cut()
    {
        _script.Accept(new Frame.Text(false, "o"u8.ToArray()));
        _script.Accept(new Frame.Text(true, "ne"u8.ToArray()));
        _script.Accept(new Frame.Text("two"));
        _script.End();

        Assert.Empty(_script.Mismatches);
    }

    [Fact]
    public void Differences_surplus_and_an_early_end_are_told()
    {
        _script.Accept(new Frame.Text("uno"));
        _script.End();
        _script.Accept(new Frame.Text("two"));
        _script.Accept(new Frame.Binary(new byte[3]));

        Assert.Equal(
            [
                new ReplayMismatch(1, "\"one\"", "\"uno\""),
                new ReplayMismatch(2, "\"two\"", "the end of the session"),
                new ReplayMismatch(3, "no further message", "a binary message of 3 bytes"),
            ],
            _script.Mismatches);
    }

    [Fact]
    public async Task Who_waits_for_messages_goes_on_when_they_have_come()
    {
        Task two = _script.Accepted(2);
        _script.Accept(new Frame.Text("one"));
        Assert.False(two.IsCompleted);

        _script.Accept(new Frame.Text("two"));

        await two.Soon();
        await _script.Accepted(1).Soon();
    }

    [Fact]
    public void The_list_of_mismatches_is_bounded()
    {
        for (int i = 0; i < 500; i++)
            _script.Accept(new Frame.Text("x"));

        Assert.Equal(100, _script.Mismatches.Count);
    }
}
