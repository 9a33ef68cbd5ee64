namespace Duplex.Tests;

public class ClosePayloadTests
{
    // 1005 is not among them: it is no code of a payload either, but stands for the empty one when it is written.
    public static TheoryData<int> IllegalCodes => [0, 1, 999, 1004, 1006, 1015, 1016, 1999, 2000, 2999, 5000, 65535];

    public static TheoryData<int> LegalCodes => [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999];

    private static byte[] Payload(int code, string hexText = "") => [(byte)(code >> 8), (byte)code, .. Hex.Bytes(hexText)];

    private static void AssertViolation(CloseCode expected, ReadOnlySpan<byte> payload)
    {
        Assert.False(ClosePayload.TryParse(payload, out CloseReason? reason, out ProtocolViolation? violation));
        Assert.Null(reason);
        Assert.Equal(expected, violation.Code);
    }

    private static CloseReason Parse(ReadOnlySpan<byte> payload)
    {
        Assert.True(ClosePayload.TryParse(payload, out CloseReason? reason, out ProtocolViolation? violation));
        Assert.Null(violation);
        return reason;
    }

    [Fact]
    public void An_empty_payload_means_1005() => Assert.Equal(CloseReason.NoStatus, Parse([]));

    [Theory]
    [InlineData(0x00)]
    [InlineData(0x03)]
    [InlineData(0xFF)]
    public void A_payload_of_1_byte_is_a_protocol_error(byte octet) => AssertViolation(CloseCode.ProtocolError, [octet]);

    [Theory]
    [MemberData(nameof(IllegalCodes))]
    [KtorParity("untested/close-codes")]
    public void A_code_that_must_not_be_sent_is_a_protocol_error(int code)
    {
        AssertViolation(CloseCode.ProtocolError, Payload(code));
        AssertViolation(CloseCode.ProtocolError, Payload(code, "6F6B"));
    }

    [Theory]
    [MemberData(nameof(LegalCodes))]
    public void A_code_that_may_be_sent_is_read_with_and_without_a_text(int code)
    {
        Assert.Equal(new CloseReason((CloseCode)code), Parse(Payload(code)));
        Assert.Equal(new CloseReason((CloseCode)code, "ok"), Parse(Payload(code, "6F6B")));
    }

    [Fact]
    public void The_code_1005_stands_for_an_empty_payload_and_never_in_one() => AssertViolation(CloseCode.ProtocolError, Payload(1005));

    [Fact]
    public void The_text_is_UTF_8_and_kept_as_it_is()
    {
        Assert.Equal("Grüße 🌍", Parse(Payload(1000, "4772C3BCC39F6520F09F8C8D")).Message);
        Assert.Equal("\uFEFF\0", Parse(Payload(1000, "EFBBBF00")).Message);
    }

    [Theory]
    [InlineData("C3")]
    [InlineData("80")]
    [InlineData("6F6B FF")]
    [InlineData("C0 80")]
    [InlineData("ED A0 80")]
    [InlineData("F4 90 80 80")]
    [InlineData("F0 9F 98")]
    public void A_text_that_is_not_UTF_8_is_1007(string hex) => AssertViolation(CloseCode.InvalidFramePayloadData, Payload(1000, hex));

    [Fact]
    public void An_illegal_code_counts_before_an_illegal_text() => AssertViolation(CloseCode.ProtocolError, Payload(1005, "FF"));

    [Fact]
    public void A_text_of_123_bytes_is_read_and_a_longer_payload_is_none_of_a_control_frame()
    {
        Assert.Equal(new string('x', 123), Parse([3, 232, .. Enumerable.Repeat((byte)'x', 123)]).Message);
        AssertViolation(CloseCode.ProtocolError, [3, 232, .. Enumerable.Repeat((byte)'x', 124)]);
    }

    [Fact]
    public void A_violation_never_shows_the_text()
    {
        Assert.False(ClosePayload.TryParse([3, 231, .. "secret"u8], out _, out ProtocolViolation? violation));
        Assert.DoesNotContain("secret", violation.Message, StringComparison.Ordinal);
        Assert.Contains("999", violation.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(LegalCodes))]
    public void What_is_written_reads_back(int code)
    {
        byte[] payload = new byte[FrameHeader.MaxControlPayload];
        foreach (string text in (string[])["", "ok", "Grüße 🌍", new string('x', 123)])
        {
            var reason = new CloseReason((CloseCode)code, text);
            int length = ClosePayload.Write(reason, payload);
            Assert.Equal(reason, Parse(payload.AsSpan(0, length)));
        }
    }

    [Fact]
    public void A_code_is_written_in_network_byte_order_before_the_text()
    {
        byte[] payload = new byte[125];

        Assert.Equal(5, ClosePayload.Write(new CloseReason(CloseCode.GoingAway, "bye"), payload));

        Assert.Equal(Hex.Bytes("03E9 627965"), payload[..5]);
    }

    [Fact]
    public void No_status_is_written_as_an_empty_payload() => Assert.Equal(0, ClosePayload.Write(CloseReason.NoStatus, new byte[125]));

    [Theory]
    [MemberData(nameof(IllegalCodes))]
    public void A_code_that_must_not_be_sent_is_not_written(int code) =>
        Assert.Throws<ArgumentException>(() => ClosePayload.Write(new CloseReason((CloseCode)code), new byte[125]));
}
