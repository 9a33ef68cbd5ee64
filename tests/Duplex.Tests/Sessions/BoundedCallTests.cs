using System.Buffers;

namespace Duplex.Tests;

/// <summary>A user's call does no work without bound for the library, whatever the peer sends, and holds no lock while an extension runs.</summary>
public sealed class BoundedCallTests
{
    private static readonly byte[] EndlessFragments = [.. Enumerable.Repeat((byte[])[0x00, 0x02, 0x0A, 0x0B], 1000).SelectMany(fragment => fragment)];

    [Theory, InlineData("88 02 03 E8"), InlineData("83 00")]
    public async Task What_a_peer_sends_after_its_last_word_is_drained_on_nobodys_call(string lastWord)
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        var returned = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task consuming = ConsumeAsync();
        await Patience.Until(() => test.Peer.IsDrained);

        test.Peer.Endless = new byte[1000];
        test.Peer.SendHex("81 01 61");
        test.Peer.SendHex(lastWord); // another read, which the consumer makes itself

        await returned.Task.Soon();
        await test.Time.Pass(SessionLifetime.Tail);
        await test.Session.Completion.Soon();
        await consuming.Soon();

        async Task ConsumeAsync()
        {
            (await test.Session.Incoming.ReadAsync().ConfigureAwait(false)).Recycle();
            ValueTask<bool> wait = test.Session.Incoming.WaitToReadAsync();
            returned.SetResult();
            try
            {
                await wait.ConfigureAwait(false);
            }
            catch (WebSocketProtocolException)
            {
            }
        }
    }

    [Fact]
    public async Task Disposing_an_endless_message_returns_at_once()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams();
        Task consuming = ConsumeAsync();
        await Patience.Until(() => test.Peer.IsDrained);

        test.Peer.Endless = EndlessFragments;
        test.Peer.SendHex("02 01 01");

        await consuming.Soon();

        async Task ConsumeAsync()
        {
            WebSocketMessageStream message = (await test.Session.ReceiveStreamAsync().ConfigureAwait(false))!;
            await message.DisposeAsync().ConfigureAwait(false);
        }
    }

    [Fact]
    public async Task Asking_for_the_message_after_an_endless_one_heeds_its_token()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams();
        using var source = new CancellationTokenSource();
        var returned = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task consuming = ConsumeAsync();
        await Patience.Until(() => test.Peer.IsDrained);

        test.Peer.Endless = EndlessFragments;
        test.Peer.SendHex("02 01 01");
        await returned.Task.Soon();
        await source.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => consuming.Soon());

        async Task ConsumeAsync()
        {
            await test.Session.ReceiveStreamAsync().ConfigureAwait(false);
            ValueTask<WebSocketMessageStream?> next = test.Session.ReceiveStreamAsync(source.Token);
            returned.SetResult();
            await next.ConfigureAwait(false);
        }
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task An_extension_never_runs_under_the_lock_of_a_message_that_is_skipped(bool byTheNext)
    {
        WebSocketMessageStream? message = null;
        var calls = new List<bool>();
        var extension = new ToyExtension(incoming: (in MessagePart part, IBufferWriter<byte> output) =>
        {
            // Another thread asks for what the lock guards.
            if (message is { } skipped)
                calls.Add(Task.Run(() => skipped.CanRead).Soon().GetAwaiter().GetResult());
            return ExtensionResult.Untouched;
        }).Identified("toy", ReservedBits.None);
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams(settings => settings with
        {
            Connection = settings.Connection with { Extensions = new ExtensionChain(extension) },
        });
        Task consuming = ConsumeAsync();
        await Patience.Until(() => test.Peer.IsDrained);

        test.Peer.SendHex("02 01 01");
        test.Peer.SendHex("00 01 02");
        test.Peer.SendHex("80 01 03  82 00");

        await consuming.Soon();
        Assert.Contains(false, calls); // it is disposed

        async Task ConsumeAsync()
        {
            message = await test.Session.ReceiveStreamAsync().ConfigureAwait(false);
            if (!byTheNext)
                await message!.DisposeAsync().ConfigureAwait(false);
            Assert.NotNull(await test.Session.ReceiveStreamAsync().ConfigureAwait(false));
        }
    }
}
