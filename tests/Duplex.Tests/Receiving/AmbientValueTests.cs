using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using System.Threading.Tasks.Sources;

namespace Duplex.Tests;

/// <summary>What is ambient where a user calls the library stays there: no static keeps it, and the receive loop never runs under it.</summary>
public sealed class AmbientValueTests
{
    private static readonly AsyncLocal<object?> Ambient = new();

    [Fact]
    public async Task Neither_statics_nor_an_open_session_keep_a_callers_ambient_values()
    {
        // A copy of the library, and of these tests, whose statics are made by this call.
        var copy = new AssemblyLoadContext(nameof(AmbientValueTests));
        copy.Resolving += (context, name) =>
        {
            string path = Path.Combine(AppContext.BaseDirectory, $"{name.Name}.dll");
            return name.Name!.StartsWith("Duplex", StringComparison.Ordinal) ? context.LoadFromAssemblyPath(path) : null;
        };
        Type type = copy.LoadFromAssemblyPath(typeof(AmbientValueTests).Assembly.Location).GetType(typeof(AmbientValueTests).FullName!)!;
        MethodInfo use = type.GetMethod(nameof(UseEverythingFirst), BindingFlags.Static | BindingFlags.NonPublic)!;

        (WeakReference value, IDisposable open) = ((WeakReference, IDisposable))use.Invoke(null, null)!;

        Assert.NotSame(typeof(AmbientValueTests), type);
        await IsCollectedAsync(value);
        open.Dispose();
    }

    [Fact]
    public async Task A_read_that_a_consumer_makes_itself_takes_nothing_of_it_along()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        Task consuming = ConsumeAsync();
        await Patience.Until(() => test.Peer.IsDrained);
        var seen = new List<object?>();
        test.Peer.ReadWaited = () => seen.Add(Ambient.Value);

        test.Peer.SendHex("81 01 61");
        await Patience.Until(() => test.Peer.ReadSizes.Count > 2 && test.Peer.IsDrained); // the consumer's own read
        test.Peer.SendHex("81 01 62");

        await consuming.Soon();
        Assert.NotEmpty(seen);
        Assert.All(seen, Assert.Null);

        async Task ConsumeAsync()
        {
            (await test.Session.Incoming.ReadAsync().ConfigureAwait(false)).Recycle();
            Ambient.Value = "the consumer's";
            (await test.Session.Incoming.ReadAsync().ConfigureAwait(false)).Recycle();
        }
    }

    [Fact]
    public async Task A_close_that_waits_for_the_peer_keeps_no_ambient_values_of_its_caller()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();

        WeakReference value = CallWithValue(() => _ = test.Session.CloseAsync());

        await IsCollectedAsync(value);
        Assert.Equal(WebSocketSessionState.Closing, test.Session.State);
    }

    [Fact]
    public async Task Skipping_the_rest_of_a_message_keeps_no_ambient_values_of_the_caller_that_disposed_it()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams();
        test.Peer.SendHex("02 01 0A");
        WebSocketMessageStream message = (await test.Session.ReceiveStreamAsync().Soon())!;

        WeakReference value = CallWithValue(message.Dispose);

        await IsCollectedAsync(value);
    }

    // On a thread of its own, so that nothing of the value is left but what the library keeps.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference CallWithValue(Action call)
    {
        WeakReference? value = null;
        var thread = new Thread(() =>
        {
            Ambient.Value = new object();
            value = new WeakReference(Ambient.Value);
            call();
        });
        thread.Start();
        thread.Join();
        return value!;
    }

    // What is queued to the pool, and may keep it for a moment, runs meanwhile.
    private static Task IsCollectedAsync(WeakReference value) => Patience.Until(() =>
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return !value.IsAlive;
    });

    // On a thread of its own, so that nothing of the value is left but what the library keeps.
    private static (WeakReference Value, IDisposable Open) UseEverythingFirst()
    {
        (WeakReference, IDisposable) used = default;
        var thread = new Thread(() => used = UseEverythingFirstAsync().Soon().GetAwaiter().GetResult());
        thread.Start();
        thread.Join();
        return used;
    }

    private static async Task<(WeakReference Value, IDisposable Open)> UseEverythingFirstAsync()
    {
        Ambient.Value = new object();
        var value = new WeakReference(Ambient.Value);
        IDisposable open = await UseAsync().ConfigureAwait(false);
        Ambient.Value = null;
        return (value, open);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task<IDisposable> UseAsync()
    {
        // Where peers talk in memory a read may end on the writer's thread, with what is ambient there.
        var stream = new InlineStream();
        await using (var session = DefaultWebSocketSession.Over(stream, stream, new SessionSettings()))
        {
            ValueTask<Frame> reading = session.Incoming.ReadAsync();
            await Patience.Until(() => stream.IsRead).ConfigureAwait(false);
            await Task.Run(() => stream.Give(0x81, 1, (byte)'a')).ConfigureAwait(false);
            (await reading.ConfigureAwait(false)).Recycle();
            session.Abort();
        }

        using var client = new HttpClient(new WebSocketsHandler(ws => ws.Engine = WebSocketEngines.FromStream((_, _) => new ValueTask<Stream>(MemoryLink.Create().Client))));
        (Stream near, Stream far) = MemoryLink.Create();
        DefaultWebSocketSession server = WebSocketSessions.Create(far, WebSocketRole.Server);
        await using (DefaultWebSocketSession session = WebSocketSessions.Create(near, WebSocketRole.Client))
        {
            Task answering = AnswerAsync(server);
            await session.SendAsync("ask").ConfigureAwait(false);
            (await session.Incoming.ReadAsync().ConfigureAwait(false)).Recycle();
            await session.PingAsync().ConfigureAwait(false);
            await session.CloseAsync().ConfigureAwait(false);
            await answering.ConfigureAwait(false);
        }

        await server.DisposeAsync().ConfigureAwait(false);

        // It stays open, and waits for bytes that never come; a consumer waits, too.
        DefaultClientWebSocketSession open = await client.WebSocketSessionAsync(new Uri("ws://host.test/")).ConfigureAwait(false);
        return new Aborting(open);
    }

    private static async Task AnswerAsync(DefaultWebSocketSession session)
    {
        await foreach (Frame frame in session.Incoming.ConfigureAwait(false))
        {
            frame.Recycle();
            await session.SendAsync("answer").ConfigureAwait(false);
        }
    }

    /// <summary>A stream whose reads go on within the call that gives them bytes.</summary>
    private sealed class InlineStream : BareStream, IValueTaskSource<int>
    {
        private ManualResetValueTaskSourceCore<int> _core;
        private Memory<byte> _target;
        private byte[] _bytes = [];
        private volatile bool _isRead;

        public bool IsRead => _isRead;

        public void Give(params byte[] bytes)
        {
            _bytes = bytes;
            _isRead = false;
            _core.SetResult(Take(_target));
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_bytes.Length > 0)
                return new ValueTask<int>(Take(buffer));
            _core.Reset();
            _target = buffer;
            var read = new ValueTask<int>(this, _core.Version);
            _isRead = true;
            return read;
        }

        public int GetResult(short token) => _core.GetResult(token);

        public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

        public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) => _core.OnCompleted(continuation, state, token, flags);

        protected override void Dispose(bool disposing)
        {
            if (_isRead)
            {
                _isRead = false;
                _core.SetResult(0);
            }

            base.Dispose(disposing);
        }

        private int Take(Memory<byte> target)
        {
            int count = Math.Min(target.Length, _bytes.Length);
            _bytes.AsMemory(0, count).CopyTo(target);
            _bytes = _bytes[count..];
            return count;
        }
    }

    private sealed class Aborting(WebSocketSession session) : IDisposable
    {
        public void Dispose() => session.Abort();
    }
}
