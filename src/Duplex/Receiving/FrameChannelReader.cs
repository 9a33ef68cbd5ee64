using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Duplex;

/// <summary>
/// The frames that a session receives. Enumerate it with <c>await foreach</c>, or, which is fastest, drain it with
/// <see cref="TryRead"/> after <see cref="WaitToReadAsync"/>.
/// </summary>
/// <remarks>
/// <para>Thread-safe: many readers are allowed. Each frame goes to one, which owns it; frames are never reused.</para>
/// <para>
/// After a close by either side enumeration stops, <see cref="WaitToReadAsync"/> returns false, and
/// <see cref="ReadAsync"/> throws <see cref="WebSocketClosedException"/>. After any other end all of them throw what
/// happened.
/// </para>
/// <para>A token cancels only the wait, with <see cref="OperationCanceledException"/>: no frame is lost.</para>
/// </remarks>
public sealed class FrameChannelReader : ChannelReader<Frame>, IAsyncEnumerable<Frame>
{
    private readonly FrameQueue _queue;
    private readonly ReceiveLoop _loop;
    private readonly CloseState _closeState;
    private readonly MessageReader? _messages;

    internal FrameChannelReader(
        FrameQueue queue, ReceiveLoop loop, CloseState closeState, MessageReader? messages = null)
    {
        _queue = queue;
        _loop = loop;
        _closeState = closeState;
        _messages = messages;
    }

    /// <summary>Completes when no frame is left and none will come; faulted unless the end is normal.</summary>
    public override Task Completion => _queue.Completion;

    /// <summary>True.</summary>
    public override bool CanCount => true;

    /// <summary>How many frames can be read without waiting.</summary>
    public override int Count => _queue.Count;

    /// <summary>Takes the next frame if there is one; never waits.</summary>
    public override bool TryRead([MaybeNullWhen(false)] out Frame item)
    {
        item = TryTake();
        return item is not null;
    }

    /// <summary>True when a frame can be read (another reader may be faster), false at a normal end.</summary>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="WebSocketException">The session ended in any other way.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public override ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken = default) =>
        WaitAsync(cancellationToken);

    /// <summary>Takes the next frame, and waits for it.</summary>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="WebSocketClosedException">No more frames will come.</exception>
    /// <exception cref="WebSocketException">The session ended in any other way.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public override ValueTask<Frame> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<Frame>(cancellationToken);
        return TryTake() is { } frame ? new ValueTask<Frame>(frame) : WaitAndReadAsync(cancellationToken);
    }

    /// <summary>The same as enumerating the reader.</summary>
    public override async IAsyncEnumerable<Frame> ReadAllAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (Frame frame in this.WithCancellation(cancellationToken).ConfigureAwait(false))
            yield return frame;
    }

    /// <summary>Enumerates the frames, without suspending for those that have arrived.</summary>
    /// <param name="cancellationToken">Ends the enumeration with <see cref="OperationCanceledException"/>.</param>
    public IAsyncEnumerator<Frame> GetAsyncEnumerator(CancellationToken cancellationToken = default) =>
        new Enumerator(this, cancellationToken);

    /// <summary>As <see cref="ReadAsync"/>, but null at a normal end.</summary>
    internal ValueTask<Frame?> ReadOrEndAsync(CancellationToken token)
    {
        if (token.IsCancellationRequested)
            return ValueTask.FromCanceled<Frame?>(token);
        return TryTake() is { } frame ? new ValueTask<Frame?>(frame) : WaitOrEndAsync(token);
    }

    private Frame? TryTake() => _messages is null ? _queue.TryTake() : _messages.TryTake();

    private ValueTask<bool> WaitAsync(CancellationToken token) =>
        _messages is null ? _loop.WaitForFrameAsync(token) : _messages.WaitToReadAsync(token);

    private async ValueTask<Frame?> WaitOrEndAsync(CancellationToken token)
    {
        while (await WaitAsync(token).ConfigureAwait(false))
        {
            if (TryTake() is { } frame)
                return frame;
        }

        return null;
    }

    private async ValueTask<Frame> WaitAndReadAsync(CancellationToken token)
    {
        while (await WaitAsync(token).ConfigureAwait(false))
        {
            if (TryTake() is { } frame)
                return frame;
        }

        CloseResult result = _closeState.ToResult(_queue.Dropped);
        throw new WebSocketClosedException(
            $"No more frames will come from the WebSocket session: {_closeState.Describe(result)}.", result);
    }

    private sealed class Enumerator(FrameChannelReader reader, CancellationToken token) : IAsyncEnumerator<Frame>
    {
        // Only touched by the enumerating code.
        private Frame? _current;

        public Frame Current => _current!;

        public ValueTask<bool> MoveNextAsync()
        {
            if (token.IsCancellationRequested)
                return ValueTask.FromCanceled<bool>(token);
            _current = reader.TryTake();
            return _current is not null ? new ValueTask<bool>(true) : WaitAsync();
        }

        public ValueTask DisposeAsync() => default;

        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
        private async ValueTask<bool> WaitAsync()
        {
            while (await reader.WaitAsync(token).ConfigureAwait(false))
            {
                _current = reader.TryTake();
                if (_current is not null)
                    return true;
            }

            return false;
        }
    }
}
