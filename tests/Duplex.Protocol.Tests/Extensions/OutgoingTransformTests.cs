using System.Buffers;
using System.Text;

namespace Duplex.Tests;

public sealed class OutgoingTransformTests : IDisposable
{
    private readonly CountingPool _pool = new();

    public void Dispose() => Assert.Equal(0, _pool.Outstanding);

    private static ToyExtension Toy(ToyExtension.Transform? outgoing, string name = "toy", ReservedBits bits = ReservedBits.Rsv1, bool marksContinuations = false, Func<bool>? decide = null) =>
        new ToyExtension(outgoing) { Decide = decide }.Identified(name, bits, marksContinuations);

    [Fact]
    [KtorParity("extensions/processOutgoingFrame")]
    public void Extensions_are_passed_in_order_each_setting_its_own_bits()
    {
        Assert.Equal(
            ("cbaxabc", ReservedBits.Rsv1 | ReservedBits.Rsv3),
            Send([Toy(ToyExtension.Around('a', ReservedBits.Rsv1)), Toy(ToyExtension.Around('b'), "b", ReservedBits.None), Toy(ToyExtension.Around('c', ReservedBits.Rsv3), "c", ReservedBits.Rsv3)], "x"));
    }

    [Fact]
    public void One_that_decides_against_a_message_or_leaves_it_alone_is_passed_by()
    {
        Assert.Equal(("cxc", ReservedBits.None), Send([Toy(ToyExtension.Around('a'), decide: () => false), Toy(null, "b"), Toy(ToyExtension.Around('c'), "c")], "x"));
        Assert.Equal(("x", ReservedBits.None), Send([Toy(null)], "x"));
    }

    [Fact]
    public void Its_sender_may_wish_that_a_message_is_not_transformed()
    {
        var transform = new OutgoingTransform(new ExtensionChain(Toy(ToyExtension.Around('a'))), _pool);

        Assert.True(transform.TryDecide(FrameType.Text, "x"u8, fin: true, ReservedBits.None, SendTransform.Never));
        Assert.False(transform.IsActive);
        Assert.True(transform.TryDecide(FrameType.Text, "x"u8, fin: true, ReservedBits.None, SendTransform.Always));
        Assert.True(transform.IsActive);
    }

    [Fact]
    public void All_decide_before_any_transforms_and_what_one_throws_comes_through_with_nothing_changed()
    {
        var error = new FormatException();
        var counter = new CounterExtension().Identified();
        var transform = new OutgoingTransform(new ExtensionChain(counter, Toy(null, decide: () => throw error)), _pool);

        Assert.Same(error, Assert.Throws<FormatException>(() => transform.TryDecide(FrameType.Text, "x"u8, fin: true, ReservedBits.None, SendTransform.Default)));

        Assert.Equal((1, 0), (counter.Decisions, counter.Transformations));
        Assert.False(transform.IsActive);
    }

    [Fact]
    public void The_decision_holds_for_the_whole_message()
    {
        int asked = 0;
        var transform = new OutgoingTransform(new ExtensionChain(Toy(ToyExtension.Around('a'), decide: () => asked++ == 0)), _pool);

        Assert.Equal("axa", Send(transform, "x", starts: true, fin: false).Text);
        Assert.Equal("aya", Send(transform, "y", starts: false, fin: true).Text);
        Assert.True(transform.TryDecide(FrameType.Text, "z"u8, fin: true, ReservedBits.None, SendTransform.Default));

        Assert.False(transform.IsActive);
        Assert.Equal(2, asked);
    }

    [Fact]
    public void A_part_shows_a_bit_that_the_user_has_set_to_its_owner_alone_and_it_stays()
    {
        List<ReservedBits> seen = [];
        Assert.Equal(("x", ReservedBits.Rsv2), Send([See(ReservedBits.Rsv1), See(ReservedBits.Rsv2)], "x", ReservedBits.Rsv2));
        Assert.Equal([ReservedBits.None, ReservedBits.Rsv2], seen);

        ToyExtension See(ReservedBits bits) => Toy((in MessagePart part, IBufferWriter<byte> output) =>
        {
            seen.Add(part.Reserved);
            Assert.True(part is { StartsFrame: true, EndsFrame: true });
            output.Write(part.Data);
            return ExtensionResult.Done();
        }, $"{bits}", bits);
    }

    [Theory]
    [InlineData(true, false, ReservedBits.Rsv1, true)]
    [InlineData(true, false, ReservedBits.Rsv2, false)]
    [InlineData(false, false, ReservedBits.Rsv1, false)]
    [InlineData(false, true, ReservedBits.Rsv1, true)]
    public void A_bit_must_be_owned_on_such_a_frame(bool starts, bool marksContinuations, ReservedBits set, bool isWell)
    {
        bool first = true;
        var transform = new OutgoingTransform(new ExtensionChain(Toy((in MessagePart part, IBufferWriter<byte> output) =>
        {
            bool mark = starts || !first;
            first = false;
            return ExtensionResult.Done(mark ? set : ReservedBits.None);
        }, marksContinuations: marksContinuations)), _pool);
        if (!starts)
            Assert.Null(Send(transform, "x", starts: true, fin: false).Error);

        (_, _, CloseCode code, WebSocketException? error) = Send(transform, "x", starts, fin: true);

        Assert.Equal(isWell, error is null);
        if (!isWell)
            Assert.Equal((CloseCode.InternalError, typeof(InvalidOperationException)), (code, error!.InnerException!.GetType()));
    }

    [Fact]
    public void A_failure_has_its_code_and_what_is_thrown_1011()
    {
        var cause = new FormatException("secret");
        (_, _, CloseCode code, WebSocketException? error) = Send(new OutgoingTransform(new ExtensionChain(Toy(ToyExtension.Throwing(cause), "fragile")), _pool), "x", starts: true, fin: true);
        Assert.Equal(CloseCode.InternalError, code);
        Assert.Same(cause, error!.InnerException);
        Assert.Contains("fragile", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);

        (_, _, code, error) = Send(new OutgoingTransform(new ExtensionChain(Toy(ToyExtension.Returning(ExtensionResult.Failed((CloseCode)4001, "No.")))), _pool), "x", starts: true, fin: true);
        Assert.Equal(((CloseCode)4001, "No."), (code, error!.Message));
    }

    [Fact]
    public void Nothing_is_asked_of_extensions_that_are_disposed()
    {
        var chain = new ExtensionChain(Toy(null, decide: () => throw new InvalidOperationException()));
        chain.Release();

        Assert.False(new OutgoingTransform(chain, _pool).TryDecide(FrameType.Text, "x"u8, fin: true, ReservedBits.None, SendTransform.Default));
    }

    [Fact]
    public void A_message_costs_no_allocation_once_memory_flows()
    {
        var transform = new OutgoingTransform(new ExtensionChain(Toy(ToyExtension.Around('a')), Toy(ToyExtension.Around('b'), "b")), ArrayPool<byte>.Create()); // the shared one is trimmed by whatever else runs
        byte[] payload = new byte[1000];
        for (int i = 0; i < 100; i++)
            Once();

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
            Once();

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void Once()
        {
            ReservedBits bits = ReservedBits.None;
            transform.TryDecide(FrameType.Binary, payload, fin: true, bits, SendTransform.Default);
            transform.TryProcess(FrameType.Binary, payload, starts: true, fin: true, ref bits, out _, out _, out _);
            transform.Clear();
        }
    }

    private (string Text, ReservedBits Bits) Send(WebSocketExtension[] extensions, string text, ReservedBits bits = ReservedBits.None)
    {
        (string sent, ReservedBits set, _, WebSocketException? error) = Send(new OutgoingTransform(new ExtensionChain(extensions), _pool), text, starts: true, fin: true, bits);
        Assert.Null(error);
        return (sent, set);
    }

    private static (string Text, ReservedBits Bits, CloseCode Code, WebSocketException? Error) Send(
        OutgoingTransform transform, string text, bool starts, bool fin, ReservedBits bits = ReservedBits.None)
    {
        byte[] payload = Encoding.UTF8.GetBytes(text);
        if (starts)
            Assert.True(transform.TryDecide(FrameType.Text, payload, fin, bits, SendTransform.Default));
        transform.TryProcess(FrameType.Text, payload, starts, fin, ref bits, out ReadOnlyMemory<byte> outcome, out CloseCode code, out WebSocketException? error);
        string sent = Encoding.UTF8.GetString(outcome.Span);
        transform.Clear();
        return (sent, bits, code, error);
    }
}
