using System.Threading.Channels;
using Duplex.Protocol;

namespace Duplex.Testing;

/// <summary>Plays the server's side of a recorded connection, once.</summary>
internal sealed class Replayer(RecordedConnection recording, ReplayOptions options, TimeProvider time)
{
    private readonly IReadOnlyList<RecordedMessage> _messages =
        RecordedMessage.Join(recording.Frames.Where(frame => frame.Direction == RecordedDirection.Sent));

    // Only touched by what sends.
    private int _sent;

    /// <exception cref="InvalidOperationException">A frame cannot be replayed.</exception>
    public async Task<ReplayResult> RunAsync(WebSocketSession session, CancellationToken token)
    {
        IReadOnlyList<Step> steps = Steps();
        var client = new ClientScript(_messages);
        using var sending = CancellationTokenSource.CreateLinkedTokenSource(token);
        using var receiving = CancellationTokenSource.CreateLinkedTokenSource(token);
        Task listening = ListenAsync(session, client, sending, receiving.Token);
        bool isPlayed = false;
        try
        {
            await SendAsync(session, steps, client, sending.Token).ConfigureAwait(false);
            isPlayed = true;
        }
        catch (OperationCanceledException e) when (token.IsCancellationRequested)
        {
            throw new OperationCanceledException(e.Message, e, token);
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException)
        {
            // The client has ended the session, or lost it.
            client.End();
        }
        finally
        {
            await receiving.CancelAsync().ConfigureAwait(false);
            await listening.ConfigureAwait(false);
        }

        // A Close of the client's may come before the recorded one.
        bool endedEarly = !isPlayed && steps.Skip(_sent).Any(step => step.Frame is not Duplex.Frame.Close);
        return new ReplayResult(_sent, endedEarly, client.Mismatches);
    }

    /// <summary>The frames to send, each with the messages of the client that were recorded before it.</summary>
    private List<Step> Steps()
    {
        var steps = new List<Step>();
        int messages = 0;
        for (int i = 0; i < recording.Frames.Count; i++)
        {
            RecordedFrame frame = recording.Frames[i];
            if (frame.Direction == RecordedDirection.Sent)
                messages += !frame.IsControl && frame.Fin ? 1 : 0;
            else if (frame.Opcode != Opcode.Pong)
                steps.Add(new Step(Playable(frame, i), frame.Offset, messages));
        }

        return steps;
    }

    private Frame Playable(RecordedFrame frame, int index)
    {
        string which = $"Frame {index + 1} of the recording ({frame})";
        if (frame.IsCompressed || frame.Reserved != ReservedBits.None)
        {
            throw new InvalidOperationException(
                $"{which} is compressed, or uses reserved bits, and cannot be replayed. Record without compression: " +
                "set WebSocketRequest.Compression to null.");
        }

        if (frame.Payload is not { } payload)
        {
            if (frame.Length > 0)
            {
                throw new InvalidOperationException(
                    $"{which} has no payload, and cannot be replayed. Record with KeepPayloads, and mind the bounds.");
            }

            payload = default;
        }

        return frame.Opcode switch
        {
            Opcode.Ping => new Frame.Ping(payload),
            Opcode.Close => new Frame.Close(payload),
            Opcode.Text => new Frame.Text(frame.Fin, payload),
            Opcode.Binary => new Frame.Binary(frame.Fin, payload),
            Opcode.Continuation => Frame.Create(TypeOfMessage(index), frame.Fin, payload),
            _ => throw new InvalidOperationException($"{which} has a reserved opcode, and cannot be replayed."),
        };
    }

    private FrameType TypeOfMessage(int index)
    {
        for (int i = index; i >= 0; i--)
        {
            RecordedFrame frame = recording.Frames[i];
            if (frame.Direction == RecordedDirection.Received && frame.Opcode is Opcode.Text or Opcode.Binary)
                return (FrameType)frame.Opcode;
        }

        throw new InvalidOperationException(
            $"Frame {index + 1} of the recording continues a message that was not begun, and cannot be replayed.");
    }

    private async Task SendAsync(
        WebSocketSession session, IReadOnlyList<Step> steps, ClientScript client, CancellationToken token)
    {
        long began = time.GetTimestamp();
        TimeSpan late = TimeSpan.Zero;
        int awaited = 0;
        foreach (Step step in steps)
        {
            if (options.WaitForClient && step.Messages > awaited)
            {
                awaited = step.Messages;
                await client.Accepted(step.Messages).WaitAsync(token).ConfigureAwait(false);
                TimeSpan behind = time.GetElapsedTime(began) - _messages[step.Messages - 1].Offset;
                late = behind > late ? behind : late;
            }

            TimeSpan wait = step.Offset + late - time.GetElapsedTime(began);
            if (wait > TimeSpan.Zero)
                await Task.Delay(wait, time, token).ConfigureAwait(false);
            await session.SendAsync(step.Frame, token).ConfigureAwait(false);
            _sent++;
        }

        if (options.WaitForClient)
            await client.Accepted(_messages.Count).WaitAsync(token).ConfigureAwait(false);
        await session.FlushAsync(token).ConfigureAwait(false);
    }

    // A raw session answers nothing by itself; a default one shows no control frames.
    private static async Task ListenAsync(
        WebSocketSession session, ClientScript client, CancellationTokenSource sending, CancellationToken token)
    {
        try
        {
            while (await session.ReceiveAsync(token).ConfigureAwait(false) is { } frame)
            {
                if (frame is Frame.Ping)
                    await session.SendAsync(new Frame.Pong(frame.Data), token).ConfigureAwait(false);
                else if (frame is Frame.Close)
                    await session.SendAsync(new Frame.Close(frame.Data), token).ConfigureAwait(false);
                else if (!frame.IsControl)
                    client.Accept(frame);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException or ChannelClosedException)
        {
            if (token.IsCancellationRequested)
                return;
        }

        await sending.CancelAsync().ConfigureAwait(false);
    }

    private sealed record Step(Frame Frame, TimeSpan Offset, int Messages);
}
