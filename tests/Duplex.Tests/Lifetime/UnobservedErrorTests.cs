using System.Collections.Concurrent;

namespace Duplex.Tests;

/// <summary>A session's own tasks never fail unseen. Alone, because the event is the whole process's.</summary>
[CollectionDefinition(nameof(UnobservedErrorTests), DisableParallelization = true)]
[Collection(nameof(UnobservedErrorTests))]
public sealed class UnobservedErrorTests
{
    [Fact]
    [KtorParity("weakness/25-races")]
    public async Task However_a_session_ends_no_task_of_its_own_fails_unobserved()
    {
        Collect(); // what other tests have left unobserved
        var unobserved = new ConcurrentQueue<Exception>();
        void Note(object? sender, UnobservedTaskExceptionEventArgs e) => unobserved.Enqueue(e.Exception);
        TaskScheduler.UnobservedTaskException += Note;
        try
        {
            for (int i = 0; i < 3; i++)
            {
                foreach (SessionKind kind in Enum.GetValues<SessionKind>())
                {
                    foreach (Func<SessionUnderTest<WebSocketSession>, Task> end in Ends)
                        await PlayAsync(kind, end);
                }
            }

            Collect();
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= Note;
        }

        Assert.Empty(unobserved);
    }

    private static readonly Func<SessionUnderTest<WebSocketSession>, Task>[] Ends =
    [
        async test => // a peer that answers
        {
            Task closing = test.Session.CloseAsync();
            test.Peer.UnblockWrites();
            test.Peer.SendClose(CloseReason.Normal);
            test.Peer.SendEof();
            await closing.Soon();
        },
        async test => // one that never reads
        {
            Task closing = test.Session.CloseAsync();
            await AdvanceUntilAsync(test.Time, closing);
        },
        async test => // a peer that closes, and on a raw session gets its answer too late
        {
            test.Peer.UnblockWrites();
            test.Peer.SendClose(CloseReason.Normal);
            test.Peer.SendEof();
            if (test.Session is RawWebSocketSession)
                await AdvanceUntilAsync(test.Time, test.Session.Completion);
            await test.Session.Completion.Soon();
            await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Session.SendAsync(new Frame.Close(CloseReason.Normal)).Soon());
        },
        async test => // a lost connection
        {
            test.Peer.FailReads(new IOException("reset"));
            await test.Session.Completion.Soon();
        },
        async test =>
        {
            test.Peer.FailWrites(new IOException("broken pipe"));
            await test.Time.Pass(SessionLifetime.Tail);
            await test.Session.Completion.Soon();
        },
        async test => // a violation
        {
            test.Peer.SendHex("83 00");
            test.Peer.SendEof();
            test.Peer.UnblockWrites();
            await test.Session.Completion.Soon();
        },
        async test => // an abort
        {
            test.Session.Abort();
            await test.Session.Completion.Soon();
        },
    ];

    // With everything waiting that can wait, and its own outcome seen, as a user's code would.
    private static async Task PlayAsync(SessionKind kind, Func<SessionUnderTest<WebSocketSession>, Task> end)
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(kind, settings => settings with
        {
            Connection = settings.Connection with { Outgoing = ChannelConfig.Bounded(1, 100) },
        });
        test.Peer.BlockWrites();
        await test.Session.SendAsync("being written");
        await Patience.Until(() => test.Peer.IsWriteBlocked);
        using var cancel = new CancellationTokenSource();
        List<Task> calls =
        [
            test.ReceiveAsync(),
            test.Session.Incoming.WaitToReadAsync(cancel.Token).AsTask(),
            test.Session.SendAsync(new byte[1000]).AsTask(),
            test.Session.SendAsync(new byte[10], cancel.Token).AsTask(),
            test.Session.SendAsync(new Frame.Ping(default)).AsTask(),
            test.Session.FlushAsync(),
            test.Session.FlushAsync(cancel.Token),
            test.Session.Outgoing.WaitToWriteAsync().AsTask(),
        ];
        if (test.Session is DefaultWebSocketSession pings)
            calls.AddRange([pings.PingAsync(), pings.PingAsync(cancel.Token)]);
        await cancel.CancelAsync();
        await end(test);
        await test.Session.DisposeAsync().Soon();
        foreach (Task call in calls)
            await call.Soon().ContinueWith(done => _ = done.Exception, TaskScheduler.Default);
    }

    // Other timers run, too: those of PingAsync.
    private static Task AdvanceUntilAsync(TestClock time, Task end) => Patience.Until(() =>
    {
        time.Advance(TimeSpan.FromMilliseconds(50));
        return end.IsCompleted;
    });

    private static void Collect()
    {
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }
}
