namespace Duplex.Tests;

public class SendRulesTests
{
    private static readonly byte[] Euro = [0xE2, 0x82, 0xAC];

    [Fact]
    public void The_fragments_of_a_message_are_continuations_of_its_type()
    {
        var rules = new SendRules(extensions: null);
        Assert.Equal(Opcode.Text, rules.OpcodeOf(FrameType.Text));

        Send(ref rules, FrameType.Text, "a"u8, fin: false);

        Assert.Equal(FrameType.Text, rules.OpenMessage);
        Assert.Equal(Opcode.Continuation, rules.OpcodeOf(FrameType.Text));
        Assert.Contains("Frame.Text, not a Frame.Binary", Refused<InvalidOperationException>(rules, FrameType.Binary, [], true).Message, StringComparison.Ordinal);

        Send(ref rules, FrameType.Text, "b"u8, fin: true);

        Assert.Null(rules.OpenMessage);
        Assert.Equal(Opcode.Binary, rules.OpcodeOf(FrameType.Binary));
    }

    [Fact]
    public void A_character_may_be_split_and_must_be_finished()
    {
        var rules = new SendRules(extensions: null);
        Send(ref rules, FrameType.Text, Euro.AsSpan(0, 1), fin: false);
        Send(ref rules, FrameType.Text, Euro.AsSpan(1, 1), fin: false);

        Refused<ArgumentException>(rules, FrameType.Text, "a"u8, false);
        Refused<ArgumentException>(rules, FrameType.Text, [], true);
        Send(ref rules, FrameType.Text, Euro.AsSpan(2), fin: true);

        Refused<ArgumentException>(rules, FrameType.Text, Euro.AsSpan(2), true); // the next message begins anew
        Send(ref rules, FrameType.Binary, Euro.AsSpan(2), fin: true);
    }

    [Fact]
    public void What_is_known_to_be_valid_is_trusted_only_as_a_message_of_its_own()
    {
        var rules = new SendRules(extensions: null);
        rules.Check(FrameType.Text, [0xFF], fin: true, ReservedBits.None, isValidText: true);

        Send(ref rules, FrameType.Text, Euro.AsSpan(0, 1), fin: false);

        Assert.Throws<ArgumentException>(() => rules.Check(FrameType.Text, "a"u8, fin: true, ReservedBits.None, isValidText: true));
    }

    [Fact]
    public void A_reserved_bit_needs_an_owner_there()
    {
        var rules = new SendRules(new ExtensionChain(new CounterExtension().Identified()));
        rules.Check(FrameType.Text, [], fin: true, ReservedBits.Rsv1, isValidText: false);
        Assert.Contains("RSV2", Bits(rules, ReservedBits.Rsv1 | ReservedBits.Rsv2).Message, StringComparison.Ordinal);

        Send(ref rules, FrameType.Text, [], fin: false);

        Assert.Contains("RSV1", Bits(rules, ReservedBits.Rsv1).Message, StringComparison.Ordinal); // it marks no continuations
        Assert.Contains("RSV1", Bits(new SendRules(extensions: null), ReservedBits.Rsv1).Message, StringComparison.Ordinal);
    }

    private static ArgumentException Bits(SendRules rules, ReservedBits reserved) =>
        Assert.Throws<ArgumentException>(() => rules.Check(FrameType.Text, [], fin: true, reserved, isValidText: false));

    private static void Send(ref SendRules rules, FrameType type, ReadOnlySpan<byte> payload, bool fin)
    {
        rules.Check(type, payload, fin, ReservedBits.None, isValidText: false);
        rules.OnCommitted(type, payload, fin);
        rules.OnStaged(type, fin);
    }

    private static TException Refused<TException>(SendRules rules, FrameType type, ReadOnlySpan<byte> payload, bool fin)
        where TException : Exception
    {
        byte[] bytes = payload.ToArray();
        return Assert.Throws<TException>(() => rules.Check(type, bytes, fin, ReservedBits.None, isValidText: false));
    }
}
