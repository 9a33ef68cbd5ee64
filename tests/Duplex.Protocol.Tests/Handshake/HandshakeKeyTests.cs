namespace Duplex.Tests;

public class HandshakeKeyTests
{
    // RFC 6455 §1.3 and §4.2.2.
    private const string RfcKey = "dGhlIHNhbXBsZSBub25jZQ==";
    private const string RfcAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

    [Fact]
    [KtorParity("http/websocketServerAccept-nonce")]
    public void The_key_of_the_RFC_has_the_accept_value_of_the_RFC() => Assert.Equal(RfcAccept, HandshakeKey.ComputeAccept(RfcKey));

    [Fact]
    public void The_nonce_of_the_RFC_makes_the_key_of_the_RFC() => Assert.Equal(RfcKey, HandshakeKey.Generate("the sample nonce"u8));

    [Theory]
    [InlineData(0)]
    [InlineData(15)]
    [InlineData(17)]
    public void A_nonce_of_another_length_than_16_is_refused(int length) =>
        Assert.Throws<ArgumentException>("nonce", () => HandshakeKey.Generate(new byte[length]));

    [Fact]
    public void Every_generated_key_is_valid_and_new()
    {
        var keys = new HashSet<string>();
        for (int i = 0; i < 1000; i++)
        {
            string key = HandshakeKey.Generate();
            Assert.True(HandshakeKey.IsValid(key));
            Assert.True(keys.Add(key));
        }
    }

    [Fact]
    public void Every_bit_of_a_generated_nonce_varies()
    {
        byte[] ever = new byte[16], always = [.. Enumerable.Repeat((byte)0xFF, 16)];
        for (int i = 0; i < 256; i++)
        {
            byte[] nonce = Convert.FromBase64String(HandshakeKey.Generate());
            for (int j = 0; j < 16; j++)
            {
                ever[j] |= nonce[j];
                always[j] &= nonce[j];
            }
        }

        // A bit that stands still for 256 fair throws has a chance of 2^-255.
        Assert.All(ever, set => Assert.Equal(0xFF, set));
        Assert.All(always, set => Assert.Equal(0, set));
    }

    [Theory]
    [InlineData(RfcKey)]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAA==")]
    [InlineData("AQIDBAUGBwgJCgsMDQ4PEC==")] // the example in RFC 6455 §4.1, whose last character has unused bits set
    [InlineData("//////////////////////==")]
    public void Base64_of_16_bytes_is_a_valid_key(string key) => Assert.True(HandshakeKey.IsValid(key));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("dGhlIHNhbXBsZSBub25jZQ")] // no padding
    [InlineData("dGhlIHNhbXBsZSBub25jZQ=")]
    [InlineData("dGhlIHNhbXBsZSBub25jZQ===")]
    [InlineData("dGhlIHNhbXBsZSBub25jZWU=")] // 17 bytes
    [InlineData("dGhlIHNhbXBsZSBub25jZWVl")] // 18 bytes
    [InlineData("dGhlIHNhbXBsZSBub25j")] // 15 bytes
    [InlineData(" dGhlIHNhbXBsZSBub25jZQ==")]
    [InlineData("dGhlIHNhbXBsZSBub25jZQ==\n")]
    [InlineData("dGhlIHNhbXBs    ZSBub25j")] // 24 characters, four of them white space
    [InlineData("dGhlIHNhbXBsZSBub25jZ_==")] // base64url
    [InlineData("dGhlIHNhbXBsZSBub25j\u00E9Q==")]
    [InlineData("========================")]
    public void Anything_else_is_not_a_valid_key(string? key) => Assert.False(HandshakeKey.IsValid(key));

    [Fact]
    public void No_accept_value_is_computed_for_an_invalid_key_and_the_error_does_not_repeat_it()
    {
        ArgumentException error = Assert.Throws<ArgumentException>("key", () => HandshakeKey.ComputeAccept("canary"));
        Assert.DoesNotContain("canary", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>("key", () => HandshakeKey.IsAcceptFor("canary", RfcAccept));
    }

    [Theory]
    [InlineData(RfcAccept, true)]
    [InlineData("S3PPLMBITXAQ9KYGZZHZRBK+XOO=", false)]
    [InlineData("s3pPLMBiTxaQ9kYGzzhZRbK+xOo", false)]
    [InlineData("s3pPLMBiTxaQ9kYGzzhZRbK+xOo= ", false)]
    [InlineData("s3pPLMBiTxaQ9kYGzzhZRbK+xOp=", false)]
    [InlineData(RfcKey, false)]
    [InlineData("", false)]
    public void Only_the_very_accept_value_answers_a_key(string accept, bool answers) => Assert.Equal(answers, HandshakeKey.IsAcceptFor(RfcKey, accept));

    [Fact]
    public void Another_key_has_another_accept_value() => Assert.False(HandshakeKey.IsAcceptFor("AAAAAAAAAAAAAAAAAAAAAA==", RfcAccept));

    [Fact]
    public void Judging_an_accept_value_allocates_nothing()
    {
        HandshakeKey.IsAcceptFor(RfcKey, RfcAccept);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++) HandshakeKey.IsAcceptFor(RfcKey, RfcAccept);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
