using System.Buffers;

namespace Duplex;

/// <summary>
/// Sends messages whose content comes from a stream, in constant memory: one fragment after the other, each as soon as its bytes are read. Where the content's end is found only by a
/// read that gives nothing, an empty fragment ends the message: 6 bytes, where reading ahead would hold back what a slow content has given.
/// </summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class OutgoingStreams(FrameSender sender, SessionLifetime lifetime, CloseState closeState, ArrayPool<byte> pool)
{
    /// <summary>The most bytes of a fragment: a control frame waits for no more than this, and a header of 14 bytes is nothing beside it.</summary>
    public const int FragmentSize = 64 * 1024;

    /// <summary>Sends a message; completes when its last fragment is staged.</summary>
    public async ValueTask SendAsync(Stream content, FrameType type, CancellationToken token)
    {
        using FrameSender.OpenMessage message = await sender.OpenAsync(type, token).ConfigureAwait(false);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(token, message.Stopped);
        byte[] buffer = pool.Rent(FragmentSize);
        try
        {
            await CopyAsync(content, message, buffer.AsMemory(0, FragmentSize), stop, token).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // The peer has the beginning, and nobody can give it the rest. Before the gate is left: no other message may go between.
            if (message is { IsUnfinished: true, IsClosed: false })
            {
                var error = new WebSocketException("A message that was sent from a stream could not be finished: see the inner exception.", e);
                lifetime.TryEnd(CloseCause.Failure(new CloseReason(CloseCode.InternalError), error));
            }

            if (e is OperationCanceledException && token.IsCancellationRequested)
                throw new OperationCanceledException("Sending a message from a stream was cancelled.", e, token);
            if (e is OperationCanceledException && message.Stopped.IsCancellationRequested)
                throw closeState.ToSendException();
            throw;
        }
        finally
        {
            pool.Return(buffer);
        }
    }

    private static async ValueTask CopyAsync(Stream content, FrameSender.OpenMessage message, Memory<byte> buffer, CancellationTokenSource stop, CancellationToken token)
    {
        int start = 0;
        int end = 0;
        while (true)
        {
            int read;
            ValueTask<int> reading = content.ReadAsync(buffer[end..], stop.Token);
            if (reading.IsCompleted || start == end)
            {
                read = await reading.ConfigureAwait(false);
            }
            else
            {
                // What has come goes out while more is waited for.
                Task<int> pending = reading.AsTask();
                await SendWhileReadingAsync(message, buffer[start..end], pending, stop, token).ConfigureAwait(false);
                start = end;
                read = await pending.ConfigureAwait(false);
            }

            end += read;
            if (read > 0 && end < buffer.Length)
                continue;
            await message.SendAsync(buffer[start..end], fin: read == 0, token).ConfigureAwait(false);
            if (read == 0)
                return;
            start = 0;
            end = 0;
        }
    }

    // A read that uses the buffer never outlives the call.
    private static async ValueTask SendWhileReadingAsync(
        FrameSender.OpenMessage message, ReadOnlyMemory<byte> fragment, Task<int> reading, CancellationTokenSource stop, CancellationToken token)
    {
        try
        {
            await message.SendAsync(fragment, fin: false, token).ConfigureAwait(false);
        }
        catch
        {
            await stop.CancelAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await ((Task)reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }
}
