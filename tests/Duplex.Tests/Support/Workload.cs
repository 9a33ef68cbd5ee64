using System.Buffers.Binary;

namespace Duplex.Tests;

/// <summary>What the two ends of a connection do to each other in a stress test.</summary>
public enum WorkloadKind
{
    /// <summary>One message, its echo, the next.</summary>
    PingPong,

    /// <summary>Messages, whose echoes are received at the same time.</summary>
    Pipe,

    /// <summary>The server sends, the client receives.</summary>
    Flood,

    /// <summary>The same with texts.</summary>
    TextFlood,

    /// <summary>The client sends, the server receives.</summary>
    Sink,

    /// <summary>As <see cref="Pipe"/>, of every size from 0 to 1 MiB.</summary>
    Sizes,
}

/// <summary>How a client receives.</summary>
public enum Reading
{
    /// <summary>By <c>await foreach</c>.</summary>
    ForEach,

    /// <summary>By <c>TryRead</c> and <c>WaitToReadAsync</c>.</summary>
    Drain,

    /// <summary>By <c>ReadAsync</c>.</summary>
    One,

    /// <summary>By several readers, who give up again and again; each frame goes to one of them.</summary>
    Many,

    /// <summary>Messages as streams.</summary>
    Streams,

    /// <summary>The consumer is the reader, and takes views.</summary>
    Views,
}

/// <summary>One run of a workload between two sessions: every byte of every message is checked, and their order.</summary>
internal sealed class Workload(WorkloadKind kind, Reading reading, bool recycles, int size, int count)
{
    // Around each boundary that a header, a slab, a read or a queue has.
    private static readonly int[] Sizes =
        [0, 1, 125, 126, 127, 4095, 4096, 4097, 32_767, 32_768, 65_535, 65_536, 65_537, 256 << 10, (256 << 10) + 1, 1 << 20, 2, 3, 16, 64, 200, 1000, 5000, 20_000];

    private static readonly byte[] Pattern = [.. Enumerable.Range(0, (1 << 20) + 64).Select(i => (byte)('!' + (i % 89)))]; // valid as text, too; its period is a prime, which is no buffer's

    private readonly HashSet<int> _seen = []; // of many readers, under itself
    private int _received;

    private bool IsText => kind == WorkloadKind.TextFlood;

    /// <summary>Runs it, and closes both sessions.</summary>
    public async Task RunAsync(WebSocketSession client, WebSocketSession server)
    {
        Task serving = Task.Run(() => kind switch
        {
            WorkloadKind.Flood or WorkloadKind.TextFlood => SendAllAsync(server),
            WorkloadKind.Sink => ReceiveAllAsync(server, Reading.Drain),
            _ => EchoAsync(server),
        });
        if (kind == WorkloadKind.PingPong)
            await Task.Run(() => PlayPingPongAsync(client));
        else
            await Task.WhenAll(kind is WorkloadKind.Sink or WorkloadKind.Pipe or WorkloadKind.Sizes ? Task.Run(() => SendAllAsync(client)) : Task.CompletedTask,
                kind == WorkloadKind.Sink ? Task.CompletedTask : Task.Run(() => ReceiveAllAsync(client, reading)));
        await serving;
        Assert.Equal(count, _received);
    }

    private int Size(int number) => kind == WorkloadKind.Sizes ? Sizes[number % Sizes.Length] : size;

    private async Task SendAllAsync(WebSocketSession session)
    {
        for (int i = 0; i < count; i++)
            await SendAsync(session, i);
    }

    private ValueTask SendAsync(WebSocketSession session, int number)
    {
        // A message says its number by where in the pattern it begins, and by its first four bytes, if it has them.
        byte[] message = Pattern.AsSpan(number % 64, Size(number)).ToArray();
        if (message.Length >= 4)
            WriteNumber(message, number);
        return IsText ? session.SendTextAsync(message) : session.SendAsync(message);
    }

    // Four characters of six bits each.
    private static void WriteNumber(Span<byte> to, int number) =>
        BinaryPrimitives.WriteInt32BigEndian(to, ('0' + (number >> 18 & 63)) << 24 | ('0' + (number >> 12 & 63)) << 16 | ('0' + (number >> 6 & 63)) << 8 | ('0' + (number & 63)));

    private static int ReadNumber(ReadOnlySpan<byte> from) => (from[0] - '0') << 18 | (from[1] - '0') << 12 | (from[2] - '0') << 6 | (from[3] - '0');

    private void Check(FrameType type, ReadOnlySpan<byte> data, int number)
    {
        Assert.Equal(IsText ? FrameType.Text : FrameType.Binary, type);
        Assert.Equal(Size(number), data.Length);
        Span<byte> head = stackalloc byte[4];
        WriteNumber(head, number);
        if (data.Length >= 4)
            Assert.True(head.SequenceEqual(data[..4]), $"Message {number} of {kind} came as number {ReadNumber(data)}.");
        int checkedBytes = data.Length >= 4 ? 4 : 0;
        Assert.True(data[checkedBytes..].SequenceEqual(Pattern.AsSpan((number % 64) + checkedBytes, data.Length - checkedBytes)), $"Message {number} of {kind} is not what was sent.");
    }

    private void Take(Frame frame)
    {
        if (frame.IsControl)
            return; // a raw session shows the peer's pings
        Check(frame.Type, frame.Data.Span, _received++);
        if (recycles)
            frame.Recycle();
    }

    private async Task PlayPingPongAsync(WebSocketSession session)
    {
        IAsyncEnumerator<Frame> frames = reading is Reading.Streams or Reading.Views ? null! : session.Incoming.GetAsyncEnumerator();
        for (int i = 0; i < count; i++)
        {
            await SendAsync(session, i);
            while (_received == i)
                await ReceiveOneAsync(session, frames);
        }
    }

    private async Task ReceiveOneAsync(WebSocketSession session, IAsyncEnumerator<Frame> frames)
    {
        switch (reading)
        {
            case Reading.Streams:
                await ReceiveStreamAsync((DefaultWebSocketSession)session);
                break;
            case Reading.Views:
                await ReceiveViewsAsync((DefaultWebSocketSession)session);
                break;
            case Reading.ForEach:
                Assert.True(await frames.MoveNextAsync());
                Take(frames.Current);
                break;
            case Reading.Drain:
                Assert.True(await session.Incoming.WaitToReadAsync());
                while (session.Incoming.TryRead(out Frame? frame))
                    Take(frame);
                break;
            default:
                Take(await session.Incoming.ReadAsync());
                break;
        }
    }

    private async Task ReceiveViewsAsync(DefaultWebSocketSession session)
    {
        Assert.True(await session.Messages.WaitToReadAsync());
        while (session.Messages.TryRead(out MessageView message))
            Check(message.Type, message.Data, _received++);
    }

    private async Task ReceiveAllAsync(WebSocketSession session, Reading how)
    {
        switch (how)
        {
            case Reading.ForEach:
                await foreach (Frame frame in session.Incoming)
                {
                    Take(frame);
                    if (_received == count)
                        break;
                }

                break;
            case Reading.Many:
                await Task.WhenAll(Enumerable.Range(0, 4).Select(number => Task.Run(() => ReceiveAsOneOfManyAsync(session, number))));
                break;
            case Reading.Views:
                while (_received < count)
                    await ReceiveViewsAsync((DefaultWebSocketSession)session);
                break;
            case Reading.Streams:
                while (_received < count)
                    await ReceiveStreamAsync((DefaultWebSocketSession)session);
                break;
            case Reading.Drain:
                while (_received < count)
                {
                    Assert.True(await session.Incoming.WaitToReadAsync());
                    while (session.Incoming.TryRead(out Frame? frame))
                        Take(frame);
                }

                break;
            default:
                while (_received < count)
                    Take(await session.Incoming.ReadAsync());
                break;
        }
    }

    private async Task ReceiveAsOneOfManyAsync(WebSocketSession session, int reader)
    {
        var random = new Random(reader);
        int last = -1;
        while (true)
        {
            using var giveUp = new CancellationTokenSource();
            ValueTask<Frame> receiving;
            lock (_seen)
            {
                if (_seen.Count == count)
                    return;
                receiving = session.Incoming.ReadAsync(giveUp.Token);
            }

            Task cancelling = random.Next(4) == 0 || !receiving.IsCompleted && random.Next(2) == 0 ? Task.Run(giveUp.Cancel) : Task.CompletedTask;
            try
            {
                // The others may take the last frame: then nobody must be left waiting.
                Task<Frame> frameOrNone = receiving.AsTask();
                while (!frameOrNone.IsCompleted && _received < count)
                    await Task.WhenAny(frameOrNone, Task.Run(static () => { }));
                if (!frameOrNone.IsCompleted)
                    await giveUp.CancelAsync();
                Frame frame = await frameOrNone;
                if (!frame.IsControl)
                {
                    int number = frame.Data.Length >= 4 ? ReadNumber(frame.Data.Span) : throw new InvalidOperationException("Many readers need numbers.");
                    Check(frame.Type, frame.Data.Span, number);
                    Assert.True(number > last);
                    last = number;
                    lock (_seen)
                    {
                        Assert.True(_seen.Add(number));
                        _received++;
                    }
                }

                if (recycles)
                    frame.Recycle();
            }
            catch (OperationCanceledException e) when (e.CancellationToken == giveUp.Token)
            {
            }

            await cancelling;
        }
    }

    private async Task ReceiveStreamAsync(DefaultWebSocketSession session)
    {
        await using WebSocketMessageStream message = (await session.ReceiveStreamAsync())!;
        byte[] data = new byte[Size(_received) + 1];
        int total = 0;
        while (await message.ReadAsync(data.AsMemory(total)) is var read and > 0)
            total += read;
        Check(message.Type, data.AsSpan(0, total), _received);
        _received++;
    }

    private async Task EchoAsync(WebSocketSession session)
    {
        for (int i = 0; i < count;)
        {
            await session.Incoming.WaitToReadAsync();
            while (session.Incoming.TryRead(out Frame? frame))
            {
                if (frame.IsControl)
                    continue;
                Check(frame.Type, frame.Data.Span, i++);
                await session.SendAsync(frame);
                frame.Recycle();
            }
        }
    }
}
