namespace Duplex.Tests;

public sealed class FrameNotesTests
{
    private readonly SessionRecorderOptions _options = new() { KeepPayloads = true };
    private RecordingBudget _budget = new(1000, 1000);

    [Theory, InlineData(1), InlineData(4), InlineData(1000)]
    public void Frames_are_noted_unmasked_however_they_are_cut(int chunk)
    {
        byte[] bytes = [.. Wired.Text("hello", masked: true), .. Wired.Frame(Opcode.Ping, "p"u8, masked: true), .. Wired.Frame(Opcode.Binary, [], fin: false), .. Wired.Frame(Opcode.Continuation, [1, 2])];
        var notes = new FrameNotes(RecordedDirection.Sent, _options, _budget);
        List<RecordedFrame> found = [];

        foreach (byte[] part in bytes.Chunk(chunk))
            notes.Note(part, found.Add);

        Assert.Equal([(Opcode.Text, true, 5L), (Opcode.Ping, true, 1), (Opcode.Binary, false, 0), (Opcode.Continuation, true, 2)], found.Select(frame => (frame.Opcode, frame.Fin, frame.Length)));
        Assert.Equal("hello", found[0].Text);
        Assert.Equal([1, 2], found[3].Payload!.Value.ToArray());
        Assert.All(found, frame => Assert.Equal(RecordedDirection.Sent, frame.Direction));
        Assert.Equal(0, notes.OmittedPayloads);
    }

    [Fact]
    public void The_whole_of_a_compressed_message_is_marked_and_a_control_frame_within_is_not()
    {
        List<RecordedFrame> found = Note([
            .. Wired.Frame(Opcode.Text, [1], fin: false, ReservedBits.Rsv1),
            .. Wired.Frame(Opcode.Ping, []),
            .. Wired.Frame(Opcode.Continuation, [2]),
            .. Wired.Text("plain")]);

        Assert.Equal([true, false, true, false], found.Select(frame => frame.IsCompressed));
        Assert.Equal(ReservedBits.Rsv1, found[0].Reserved);
        Assert.Null(found[0].Text);
    }

    [Fact]
    public void Payloads_are_kept_only_if_asked_for()
    {
        _options.KeepPayloads = false;

        RecordedFrame frame = Assert.Single(Note(Wired.Text("secret")));

        Assert.Null(frame.Payload);
        Assert.Equal(6, frame.Length);
        Assert.True(_budget.TryTakePayload(1000)); // nothing was taken
    }

    [Fact]
    public void A_hook_replaces_and_removes_payloads()
    {
        _options.Redact = frame => frame.Text switch
        {
            "secret" => "***"u8.ToArray(),
            "remove" => null,
            _ => frame.Payload,
        };

        List<RecordedFrame> found = Note([.. Wired.Text("secret"), .. Wired.Text("remove"), .. Wired.Text("plain")]);

        Assert.Equal(["***", null, "plain"], found.Select(frame => frame.Text));
        Assert.Equal([true, true, false], found.Select(frame => frame.IsRedacted));
        Assert.Equal([6L, 6, 5], found.Select(frame => frame.Length));
        Assert.True(_budget.TryTakePayload(1000 - 8));
        Assert.False(_budget.TryTakePayload(1));
    }

    [Fact]
    public void What_a_hook_cannot_read_or_fails_on_is_omitted_and_counted()
    {
        int calls = 0;
        _options.Redact = _ =>
        {
            calls++;
            throw new FormatException();
        };
        var notes = new FrameNotes(RecordedDirection.Received, _options, _budget);
        List<RecordedFrame> found = [];

        notes.Note([.. Wired.Frame(Opcode.Text, [1], reserved: ReservedBits.Rsv1), .. Wired.Text("x")], found.Add);

        Assert.Equal(1, calls);
        Assert.All(found, frame => Assert.Null(frame.Payload));
        Assert.Equal(2, notes.OmittedPayloads);
    }

    [Fact]
    public void Beyond_the_bound_payloads_are_omitted_and_counted_and_smaller_ones_still_fit()
    {
        _budget = new RecordingBudget(10, 1000);
        var notes = new FrameNotes(RecordedDirection.Received, _options, _budget);
        List<RecordedFrame> found = [];

        foreach (byte[] part in ((byte[])[.. Wired.Text("1234567890x"), .. Wired.Text("abc")]).Chunk(4))
            notes.Note(part, found.Add);

        Assert.Equal([null, "abc"], found.Select(frame => frame.Text));
        Assert.Equal(11, found[0].Length);
        Assert.Equal(1, notes.OmittedPayloads);
    }

    [Fact]
    public void A_redacted_payload_that_exceeds_the_bound_is_omitted()
    {
        _budget = new RecordingBudget(5, 1000);
        _options.Redact = _ => new byte[6];

        Assert.Null(Assert.Single(Note(Wired.Text("abc"))).Payload);
        Assert.True(_budget.TryTakePayload(5));
    }

    [Fact]
    public void What_is_no_frame_is_not_kept()
    {
        Assert.Empty(Note([0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0, .. new byte[100]]));
        Assert.True(_budget.TryTakePayload(1000));
    }

    private List<RecordedFrame> Note(byte[] bytes)
    {
        List<RecordedFrame> found = [];
        new FrameNotes(RecordedDirection.Received, _options, _budget).Note(bytes, found.Add);
        return found;
    }
}
